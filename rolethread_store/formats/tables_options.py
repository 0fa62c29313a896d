"""What the user says about a table: which column is what, and which rows belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from rolethread_store.errors import InvalidInput

__all__ = ["TABLE_KINDS", "TableOptions", "TableOptionsInvalid"]

TABLE_KINDS = ("csv", "tsv")


class TableOptionsInvalid(InvalidInput):
    """A column that is not there, named twice, or a kind of table that is not known."""

    code: ClassVar[str] = "formats.table-options-invalid"


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How the rows of a table become records.

    Attributes:
        columns: Pairs of a field's name in the record and the column that holds it.
        group: Column whose equal values tell the rows of one conversation, each row then
            being one message; ``None`` when every row is a record of its own.
        kind: ``csv`` or ``tsv`` for text that its name does not tell to be one.
    """

    columns: tuple[tuple[str, str], ...] = ()
    group: str | None = None
    kind: str | None = None

    @classmethod
    def parse(
        cls, columns: Sequence[str] = (), group: str | None = None, kind: str | None = None
    ) -> Self:
        """Read the options as they are written on a command line.

        Args:
            columns: Each ``NAME=COLUMN``.
            group: As the attribute.
            kind: As the attribute.

        Raises:
            TableOptionsInvalid: one cannot be understood, or a name or column comes twice.
        """
        pairs = []
        for text in columns:
            name, sign, column = text.partition("=")
            if not (name and sign and column):
                raise TableOptionsInvalid(
                    f"“{text}” does not say which column is what",
                    hint="write NAME=COLUMN, for example content=Utterance",
                )
            pairs.append((name, column))
        for side in zip(*pairs, strict=True):
            twice = next((one for one in side if side.count(one) > 1), None)
            if twice is not None:
                raise TableOptionsInvalid(f"“{twice}” is named twice among the columns")
        if kind is not None and kind not in TABLE_KINDS:
            raise TableOptionsInvalid(
                f"“{kind}” is no kind of table", hint=f"one of: {', '.join(TABLE_KINDS)}"
            )
        return cls(tuple(pairs), group, kind)

    def renamed(self, columns: Sequence[str], shown: str) -> list[str]:
        """Return what the columns are called in the record.

        A column whose own name is given to another one keeps its place under its own name
        with an underscore behind it, so that no two fields are called the same.

        Raises:
            TableOptionsInvalid: a column that was named is not there.
        """
        new = {column: name for name, column in self.columns}
        for column in (*new, *([self.group] if self.group else [])):
            if column not in columns:
                raise TableOptionsInvalid(
                    f"{shown} has no column “{column}”", hint=f"it has: {', '.join(columns)}"
                )
        taken = set(new.values())
        names = []
        for column in columns:
            name = new.get(column, column)
            while column not in new and name in taken:
                name += "_"
            names.append(name)
        return names
