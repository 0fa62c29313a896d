"""Crafted files of every shape, and their records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rolethread_store.formats.adapters import Adapter, Reading, ReadingOptions
from rolethread_store.formats.adapters.chats import CHATS
from rolethread_store.formats.documents import KINDS, DocumentKind

PLAIN = ReadingOptions()
SAMPLES = Path(__file__).parent / "samples"


def kind_of(data: bytes, name: str) -> DocumentKind | None:
    return next((kind for kind in KINDS if kind.recognise(data[: 1 << 16], name)), None)


def records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a sample, all of which must be there."""
    data = path.read_bytes()
    kind = kind_of(data, path.name)
    if kind is not None:
        found = list(kind.read(data))
        assert [one.fault for one in found] == [None] * len(found)
        return [one.record for one in found if one.record is not None]
    text = data.decode("utf-8-sig")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


def adapter(name: str) -> Adapter:
    return next(one for one in CHATS if one.name == name)


def readings(name: str, file: str, options: ReadingOptions = PLAIN) -> list[Reading]:
    """Return what an adapter reads in one of its samples."""
    return [adapter(name).read(one, options) for one in records(SAMPLES / name / file)]
