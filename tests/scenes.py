"""Small stores for tests, and the records that fill them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import duckdb

from rolethread_store.crypto import KdfParams, Secret, keyslots
from rolethread_store.crypto.kdf import stretch
from rolethread_store.engine.session import crypto_module_path
from rolethread_store.model import Change, ChangeSet, DatasetCreated, Entry, Message

__all__ = [
    "MOMENT",
    "PASSPHRASE",
    "chat",
    "check_module",
    "created",
    "entry",
    "history_set",
    "jsonl",
    "plain_engines",
    "plain_keys",
    "quick_engines",
    "quick_keys",
]

PASSPHRASE = "an orchard in the rain"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

_KNOWN: dict[tuple[str, KdfParams], bytes] = {}
_connect = duckdb.connect


def chat(*texts: str | None, **fields: object) -> dict[str, Any]:
    """A ChatML record whose speakers take turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]
    return {"messages": messages, **fields}


def jsonl(path: Path, records: Sequence[Mapping[str, object] | str]) -> Path:
    """Write records, or lines as they stand, to a file."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in records]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


@contextmanager
def quick_keys() -> Iterator[None]:
    """Derive a key from the same passphrase in the same way only once, not in 0.2 s each time."""

    def remembered(passphrase: str, params: KdfParams) -> Secret:
        asked = passphrase, params
        if asked not in _KNOWN:
            _KNOWN[asked] = stretch(passphrase, params).reveal()
        return Secret(_KNOWN[asked])

    with patch.object(keyslots, "stretch", remembered):
        yield


def plain_keys() -> AbstractContextManager[object]:
    """Derive every key, within :func:`quick_keys`."""
    return patch.object(keyslots, "stretch", stretch)


def check_module() -> None:
    """Let DuckDB check the signature, as it does for whoever uses the package."""
    with _connect() as connection:
        connection.execute(f"LOAD '{crypto_module_path()}'")


@contextmanager
def quick_engines() -> Iterator[None]:
    """Take the signature of the engine's OpenSSL module as checked; see :func:`check_module`.

    DuckDB hashes all 21 MB of the module for every engine, which is 0.13 s of the 0.15 s that
    an engine takes to start, and the tests start some thousands.
    """

    def connect(database: str = ":memory:", **options: Any) -> duckdb.DuckDBPyConnection:  # noqa: ANN401
        config = {**options.pop("config", {}), "allow_unsigned_extensions": "true"}
        return _connect(database, config=config, **options)

    with patch.object(duckdb, "connect", connect):
        yield


def plain_engines() -> AbstractContextManager[object]:
    """Check the signature for every engine, within :func:`quick_engines`."""
    return patch.object(duckdb, "connect", _connect)


def entry(number: int, *texts: str, tags: tuple[str, ...] | None = None) -> Entry:
    """An entry as a change would carry it."""
    return Entry(
        entry_id=UUID(int=number),
        position=1024 * number,
        messages=tuple(Message(role="user", content=text) for text in texts),
        tags=tags,
        created_at=MOMENT,
        updated_at=MOMENT,
    )


def created(dataset: int, name: str) -> DatasetCreated:
    """The change that makes a dataset."""
    return DatasetCreated(dataset_id=UUID(int=dataset), name=name)


def history_set(seq: int, *changes: Change, undo: int = 0, redo: int = 0) -> ChangeSet:
    """A record whose set id is its number; ``undo`` and ``redo`` name a target."""
    kind = "undo" if undo else "redo" if redo else "change"
    return ChangeSet.model_validate(
        {
            "set_id": UUID(int=seq),
            "seq": seq,
            "at": MOMENT.replace(minute=seq % 60),
            "kind": kind,
            "summary": f"{kind} {undo or redo or seq}",
            "changes": changes,
            "target": UUID(int=undo or redo) if undo or redo else None,
        }
    )
