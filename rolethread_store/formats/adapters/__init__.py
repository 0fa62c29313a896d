"""One module per foreign shape, each turning one record into entries and definitions.

ChatML, ShareGPT and Alpaca with its kin are not here: the engine reads whole files of them.
"""

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.chats import CHATS
from rolethread_store.formats.adapters.corpora import CORPORA
from rolethread_store.formats.adapters.draft import (
    Draft,
    Json,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Swipe,
    Turn,
)

__all__ = [
    "ADAPTERS",
    "Adapter",
    "Draft",
    "Json",
    "JsonObject",
    "Reading",
    "ReadingOptions",
    "RecordOdd",
    "Swipe",
    "Turn",
]

# What a chat program saves says of itself what it is; corpora are known by fewer keys.
ADAPTERS = (*CHATS, *CORPORA)
