"""The crafted samples of the corpora's shapes, and short ways to read a record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from rolethread_store.formats.adapters import Adapter, Draft, Reading, ReadingOptions
from rolethread_store.formats.adapters.corpora import CORPORA

__all__ = ["ADAPTER_BY_NAME", "SAMPLES", "draft", "read", "records", "said", "sample_files"]

SAMPLES = Path(__file__).parents[1] / "samples"
ADAPTER_BY_NAME: dict[str, Adapter] = {adapter.name: adapter for adapter in CORPORA}


def records(path: Path) -> list[Any]:
    """The records of a sample file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.split("\n") if line]
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


@cache
def sample_files() -> tuple[Path, ...]:
    """All sample files of these adapters; documents that are brought to records are not here."""
    return tuple(path for name in ADAPTER_BY_NAME for path in sorted(_json_files(name)))


def _json_files(name: str) -> Iterator[Path]:
    return (SAMPLES / name).glob("*.json*")


def read(name: str, record: dict[str, Any], *assistants: str, user: str | None = None) -> Reading:
    """Read a record by the adapter that must recognise it."""
    adapter = ADAPTER_BY_NAME[name]
    assert adapter.recognise(record)
    return adapter.read(record, ReadingOptions(frozenset(assistants), user))


def draft(name: str, record: dict[str, Any]) -> Draft:
    """Read a record of one entry."""
    (one,) = read(name, record).drafts
    return one


def said(one: Draft) -> list[tuple[str, str | None]]:
    """Who says what."""
    return [(turn.role, turn.content) for turn in one.turns]
