"""Fields that first stand far into a file, which ``load_dataset`` does not forgive.

Hugging Face's loader (4.8 to 5.2) learns the fields of a file from its first 10 MB and stops
at one that it has not met there; at a content that is a list only later it goes on, and puts
every text after it in quotes. Where turns differ in their fields within the 10 MB, it keeps
them as JSON and takes any later field of a turn, but not of the record.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.errors import InvalidInput

__all__ = ["FieldsLate", "FirstBlock"]

_BLOCK = 10 << 20
# A quotation mark inside a text has a backslash before it, so that no text looks like these.
_OF_TURNS = {
    "name": ',"name":',
    "tool_calls": ',"tool_calls":',
    "tool_call_id": ',"tool_call_id":',
    "reasoning_content": ',"reasoning_content":',
    "train": ',"train":',
}
_MARKS = {**_OF_TURNS, "content as a list": ',"content":[', "tools": ',"tools":'}
_TURN = '"role":'


class FieldsLate(InvalidInput):
    """The trainer's loader would stop at a field that it did not meet early enough."""

    code: ClassVar[str] = "formats.fields-late"


class FirstBlock:
    """Watches the records of one file go by."""

    def __init__(self) -> None:
        self._bytes = 0
        self._rows = 0
        self._turns = 0
        self._early: Counter[str] = Counter()
        self._late: dict[str, int] = {}

    def take(self, texts: pa.Array) -> None:
        """Look at the next records of the file."""
        ends = self._bytes + np.cumsum(np.asarray(pc.binary_length(texts), dtype=np.int64))
        if not len(ends):
            return
        inside = 0
        if self._bytes < _BLOCK:
            # A record that begins in the block is read with it.
            inside = 1 + int(np.searchsorted(ends[:-1], _BLOCK))
            self._count(texts.slice(0, inside))
        for name, mark in _MARKS.items():
            if name in self._early or name in self._late:
                continue
            places = np.flatnonzero(np.asarray(pc.match_substring(texts.slice(inside), mark)))
            if len(places):
                self._late[name] = self._rows + inside + int(places[0]) + 1
        self._rows += len(texts)
        self._bytes = int(ends[-1])

    def _count(self, texts: pa.Array) -> None:
        self._turns += _count_of(texts, _TURN)
        for name, mark in _MARKS.items():
            self._early[name] += _count_of(texts, mark)
        self._early = +self._early

    def require_early(self, target: str) -> None:
        """Refuse the file if the loader would stop at it, or misread it.

        Raises:
            FieldsLate: a field first stands behind the first 10 MB.
        """
        differing = any(self._early[name] not in (0, self._turns) for name in _OF_TURNS)
        late = {name: row for name, row in self._late.items() if not differing or name == "tools"}
        if not late:
            return
        named = ", ".join(f"{name} (entry {row:,})" for name, row in late.items())
        names = "--names prefix or drop takes names out; " if "name" in late else ""
        raise FieldsLate(
            f"{target} reads with load_dataset, which learns the fields from the first 10 MB "
            f"and fails at those that come later: {named}; nothing was written",
            hint=f"{names}--format hf writes files that name their fields; "
            "--where leaves such entries out; --allow writes it all the same",
        )


def _count_of(texts: pa.Array, mark: str) -> int:
    return int(pc.sum(pc.count_substring(texts, mark)).as_py() or 0)
