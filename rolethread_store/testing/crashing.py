"""A writer to be killed: a fixed row of changes, and what must be true after each.

The writer makes change 0, 1, 2, … and acknowledges each over a pipe when the store has
returned. Whoever kills it reopens the store, learns from the log how many changes are in
it, and compares: as many as acknowledged, or one more, and the state after exactly those.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path

from rolethread_store.store import Store, open_store

__all__ = ["IMPORTED", "Work", "Writer", "content", "contents_after", "imports_after", "records"]

IMPORTED = "imported"
"""Dataset of the imports."""

_UNDO, _REDO, _ROUND = 6, 7, 8
_CHECKPOINT_EVERY = 3


class Work(StrEnum):
    """What the writer is busy with."""

    EDITS = "edits"
    """Edits, with an undo and a redo now and then."""
    CHECKPOINTS = "checkpoints"
    """The same, and a checkpoint before every third."""
    IMPORTS = "imports"
    """Imports of a file, every third time the undo of one."""


@dataclass(frozen=True)
class Writer:
    """What one process life does.

    Attributes:
        path: The store.
        recovery_code: Opens it at once: a recovery code needs no slow derivation.
        dataset: Dataset of the edits.
        entries: Its entries, to be edited in turn.
        source: File to import.
        work: What to do.
        first: Number of the first change.
    """

    path: Path
    recovery_code: str
    dataset: str
    entries: Sequence[str]
    source: Path
    work: Work
    first: int

    def run(self, acknowledge: Connection) -> None:
        """Write until killed."""
        with open_store(self.path, recovery_code=self.recovery_code) as store:
            number = self.first
            while True:
                self._change(store, number)
                acknowledge.send_bytes(number.to_bytes(8, "big"))
                number += 1

    def _change(self, store: Store, number: int) -> None:
        if self.work is Work.IMPORTS:
            imported = store.dataset(IMPORTED)
            if number % _CHECKPOINT_EVERY == _CHECKPOINT_EVERY - 1:
                imported.undo()
            else:
                imported.import_file(self.source, again=True)
            return
        if self.work is Work.CHECKPOINTS and number % _CHECKPOINT_EVERY == 0:
            store.checkpoint()
        dataset = store.dataset(self.dataset)
        if number % _ROUND == _UNDO:
            dataset.undo()
        elif number % _ROUND == _REDO:
            dataset.redo()
        else:
            entry = self.entries[number % len(self.entries)]
            dataset.edit(entry, message=0, content=content(number))


def content(number: int) -> str:
    """Return the text that an edit writes; some texts are long, most are not."""
    return f"change {number}; " + "long " * (number % 50) * (20 if number % 9 == 0 else 1)


def contents_after(changes: int, entries: int) -> list[str | None]:
    """Return the text of each entry after so many changes, ``None`` for an unedited one."""
    found: list[str | None] = [None] * entries
    # After an undo and before its redo, the change before the undo is out of effect.
    undone = changes - 2 if changes % _ROUND == _REDO else None
    for number in range(changes):
        if number % _ROUND not in (_UNDO, _REDO) and number != undone:
            found[number % entries] = content(number)
    return found


def imports_after(changes: int) -> int:
    """Return how many imports are in effect after so many changes."""
    undos = changes // _CHECKPOINT_EVERY
    return changes - 2 * undos


def records(count: int) -> str:
    """Return the lines of a small file to import."""
    return "".join(
        json.dumps(
            {
                "messages": [
                    {"role": "user", "content": f"Question {number}, and much about it. " * 5},
                    {"role": "assistant", "content": f"Answer {number}. " * 8},
                ],
                "tags": ["crash", f"n{number % 3}"],
            }
        )
        + "\n"
        for number in range(count)
    )
