"""ShareGPT: ``conversations`` of ``from`` and ``value``, labels ``human`` and ``gpt``."""

from __future__ import annotations

from rolethread_store.formats.chatml import CHATML
from rolethread_store.formats.dialect import Dialect

__all__ = ["SHAREGPT"]

SHAREGPT = Dialect(
    name="sharegpt",
    list_key="conversations",
    role_key="from",
    content_key="value",
    labels={"user": "human", "assistant": "gpt"},
    aliases={**CHATML.aliases, "bing": "assistant", "bard": "assistant"},
)
