"""Writes ``stores/v1``, a small store that every later version must open.

It was made once for format 1, into a folder that did not exist, from the top folder:

    python -m tests.golden.make_golden_store

From then on it is never made again: it stands for the stores that people have. What a
later release writes otherwise is proved by another store beside it. :func:`build` also
serves the tests that want the same things as the present program writes them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import rolethread_store
from rolethread_store.crypto import floor_params
from rolethread_store.editing import bulk_tags
from rolethread_store.model import (
    Change,
    Entry,
    EntryAdded,
    EntryMoved,
    Fact,
    FactKind,
    FactPut,
    FactRemoved,
    Message,
)
from rolethread_store.model.facts import Alias, Category, Character, Note, SystemPrompt, Tag
from rolethread_store.store import opening
from rolethread_store.store.datasets import Dataset
from rolethread_store.store.store import Store
from tests.scenes import chat, jsonl

__all__ = ["FOLDER", "PASSPHRASE", "RECORDS", "RECOVERY_CODE", "build", "main"]

FOLDER = Path(__file__).parent / "stores" / "v1"
PASSPHRASE = "golden is the autumn, Überraschung"
RECOVERY_CODE = "DEVD-D20R-MHJ7-BPQ0-BY3Z-ZY4N-2F1S-AQN7-45Y1"
SHIPS = 8

RECORDS: list[dict[str, object]] = [
    {
        "messages": [
            {"role": "system", "content": "You keep the lighthouse."},
            {"role": "user", "content": "Is the lamp lit?", "name": "Ada"},
            {"role": "assistant", "content": "It is — and the fog is thick.", "weight": 1},
        ],
        "tags": ["sea", "night"],
        "source_id": 7,
    },
    {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Describe this chart."}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "name": "look"}]},
        ]
    },
    {
        "conversations": [
            {"from": "human", "value": "灯台はどこですか。"},
            {"from": "gpt", "value": "Am Ende der Mole,\nhinter dem\u2028Leuchtfeuer."},
        ],
        "tags": [],
    },
]


REWRITTEN = {
    "conversations": [
        {"from": "human", "value": "Where is the lighthouse?", "mood": "lost"},
        {"from": "gpt", "value": "At the end of the mole."},
    ],
    "tags": ["sea", "translated"],
    "weight_of_record": 2.5,
}
_MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WRITTEN = Entry(
    entry_id=UUID("01990000-0000-7000-8000-000000000001"),
    position=4600,
    messages=(
        Message(role="user", content="Who goes there?", character="keeper", weight=0.5),
        Message(role="assistant", content="A friend.", extra='{"swipe":0}'),
    ),
    tags=("written",),
    created_at=_MOMENT,
    updated_at=_MOMENT,
)
FACTS: list[Fact] = [
    Tag(key="sea", name="Sea", category="weather", description="salt water", status="archived"),
    Tag(key="fog", name="Fog"),
    Category(key="weather", name="Weather", order=3),
    Alias(key="ocean", target="sea"),
    Character(key="keeper", name="The keeper", description="keeps the lamp", active=False),
    SystemPrompt(key="lamp", name="Lamp", content="You keep the lighthouse."),
    Note(key="n1", about=WRITTEN.entry_id, text="written by hand"),
]


def build(folder: Path, code: str) -> None:
    """Make a store with one of everything that format v1 has, in two sittings.

    Args:
        folder: Must not exist.
        code: The recovery code that its second slot opens with.
    """
    with tempfile.TemporaryDirectory() as place:
        _import_files(Path(place))
        with (
            patch.object(opening, "new_code", lambda: code),
            rolethread_store.create(folder, passphrase=PASSPHRASE, kdf=floor_params()) as store,
        ):
            _first_sitting(store, Path(place))
    with rolethread_store.open(folder, passphrase=PASSPHRASE) as store:
        _versions_and_copies(store)
        _edits(store)
        _registry(store)
        _taken_back(store)


def _import_files(work: Path) -> None:
    lines = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
    jsonl(work / "keeper.jsonl", [lines[0], "{broken", *lines[1:]])
    jsonl(work / "harbour.jsonl", [chat(f"Ship {n}?", source_id=n) for n in range(SHIPS)])


def _first_sitting(store: Store, work: Path) -> None:
    """What a checkpoint folds: edits, a mask, a column patch; then a tree of its own."""
    keeper, harbour = store.dataset("keeper"), store.dataset("Hafen")
    for name in ("scrap", "diary"):
        store.dataset(name).import_file(work / "harbour.jsonl")
    store.dataset("scrap").drop()
    keeper.import_file(work / "keeper.jsonl")
    harbour.import_file(work / "harbour.jsonl")
    store.edit(keeper.page(1)[0].entry_id, message=1, content="Is the great lamp lit?")
    ships = [entry.entry_id for entry in harbour.page()]
    store.delete([ships[1]])
    _bulk(harbour, "ship")
    keeper.publish("as it came, but for the lamp")
    store.checkpoint()
    store.dataset("diary").shred()
    store.edit(ships[-1], message=0, content="The last ship?")


def _versions_and_copies(store: Store) -> None:
    keeper = store.dataset("keeper")
    draft, gone = keeper.fork("draft"), keeper.fork("gone")
    first = keeper.page(1)[0].entry_id
    draft.edit(first, message=2, content="It is, and the fog is thin.")
    draft.publish("a thinner fog")
    draft.add_tags(["draft"])
    keeper.fork("again", at=1).checkout(2)
    gone.delete_working_copy()


def _edits(store: Store) -> None:
    """What lies pending above the checkpoint: one of each change, and a column patch."""
    keeper, harbour = store.dataset("keeper"), store.dataset("Hafen")
    _, chart, _ = (entry.entry_id for entry in keeper.page())
    keeper.edit(chart, message=1, content="A chart of the harbour.")
    keeper.edit(keeper.page()[2].entry_id, entry=REWRITTEN)
    ships = [entry.entry_id for entry in harbour.page()]
    with store.transaction("a storm"):
        harbour.edit(ships[0], message=0, content="Ship nought?")
        harbour.edit(ships[2], message=0, content="Ship three, at last?")
        harbour.add_tags(["storm"], entries=ships[:2])
        keeper.add_tags(["storm"], where="list_contains(tags, 'sea')")
        store.delete(ships[3:4])
    _bulk(harbour, "calm", where="position > 5000")
    harbour.remove_tags(["ship"], entries=ships[:1])
    copy_id = harbour._fold.dataset_id
    # No command moves or writes entries yet, but the format has a word for both.
    _commit(store, "move", EntryMoved(dataset_id=copy_id, entry_id=ships[0], position=4500))
    _commit(store, "write", EntryAdded(dataset_id=copy_id, entry=WRITTEN))
    harbour.rename("Harbour")


def _registry(store: Store) -> None:
    for fact in FACTS:
        _commit(store, f"define {fact.kind} {fact.key}", FactPut(fact=fact))
    _commit(store, "forget fog", FactRemoved(fact_kind=FactKind.TAG, key="fog"))
    store.add_remote("attic", "file:///media/attic/backup")
    # By size: a limit in years would one day be reached.
    store.keep_history("1GB")


def _taken_back(store: Store) -> None:
    """A revert, a revert of a fact, an undo, an undo of two at once, and one put back."""
    harbour = store.dataset("Harbour")
    numbers = {item.summary: item.seq for item in store.log()}
    ships = [entry.entry_id for entry in harbour.page()]
    store.revert(numbers[f"edit message 0 of {ships[-1]}"])
    store.revert(numbers["define category weather"])
    for tag in ("one", "two"):
        harbour.add_tags([tag], entries=ships[:1])
    harbour.undo(to=harbour.log(limit=3)[2].seq)
    harbour.redo()
    harbour.remove_tags(["calm"], entries=ships[-2:])
    harbour.undo()
    store.dataset("keeper", "draft").undo()


def _bulk(dataset: Dataset, tag: str, where: str | None = None) -> None:
    """Tag entries by a column patch, however few they are."""
    with patch.dict(bulk_tags.__globals__, INLINE_LIMIT=0):
        dataset.add_tags([tag], where=where)


def _commit(store: Store, words: str, change: Change) -> None:
    store._parts.journal.begin_write()
    store._parts.journal.commit((change,), words)


def main() -> None:
    """Make the store."""
    if FOLDER.exists():
        raise SystemExit(f"{FOLDER} is there already; a golden store is never made again")
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "store"
        build(made, RECOVERY_CODE)
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        # The reserve is room for a full disk; a store does without until its next writer.
        shutil.copytree(made, FOLDER, ignore=shutil.ignore_patterns("reserve"))


if __name__ == "__main__":
    main()
