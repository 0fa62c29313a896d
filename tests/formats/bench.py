"""A session and plain tables in place of encrypted batches."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from rolethread_store.clock import FixedClock
from rolethread_store.engine import Session
from rolethread_store.formats import (
    ImportOutcome,
    ImportTarget,
    LineOptions,
    export_lines,
    import_files,
)
from rolethread_store.model import Fact, FactKind, ProgressListener, unheard
from rolethread_store.segments import COLUMNS_OF, PLAIN_MESSAGE_TYPE, BatchWriter

IMPORT_ID = UUID(int=7)
NO_SHAPE = (
    "no known shape of record: neither a list of messages or conversations nor the fields of "
    "another shape; see `rolethread detect`"
)


class TableWriter:
    """Takes rows as a batch writer does, into a table of the same columns."""

    def __init__(self, session: Session, kind: str) -> None:
        self._session = session
        self._kind = kind
        self.plain: list[bool] = []
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS_OF[kind].items())
        session.execute(f"CREATE OR REPLACE TABLE {kind} ({columns})")

    def write(self, select: str, *, plain: bool = False, expected: int | None = None) -> int:
        if plain:
            slim = f"CAST(messages AS {PLAIN_MESSAGE_TYPE}[]) AS messages"
            select = f"SELECT * REPLACE ({slim}) FROM ({select})"
        columns = ", ".join(
            f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in COLUMNS_OF[self._kind].items()
        )
        rows = int(
            self._session.value(f"INSERT INTO {self._kind} SELECT {columns} FROM ({select})")
        )
        self.plain.append(plain)
        return rows


@dataclass
class Bench:
    """Files in, tables and lines out."""

    session: Session
    folder: Path
    plain: list[bool] = field(default_factory=list)
    known: dict[tuple[FactKind, str], Fact] = field(default_factory=dict)

    def take(
        self, *paths: Path, dry_run: bool = False, listener: ProgressListener = unheard
    ) -> ImportOutcome:
        writer = TableWriter(self.session, "entries")
        self.plain = writer.plain
        entries = cast(BatchWriter, writer)
        quarantine = cast(BatchWriter, TableWriter(self.session, "quarantine"))
        originals = cast(BatchWriter, TableWriter(self.session, "originals"))
        target = ImportTarget(
            session=self.session,
            clock=FixedClock(),
            import_id=IMPORT_ID,
            first_position=1024,
            entries=None if dry_run else entries,
            quarantine=None if dry_run else quarantine,
            known=self.known,
            originals=originals,
            exact=False,
        )
        return import_files(paths, target, listener)

    def take_bytes(self, data: bytes, name: str = "given.jsonl") -> ImportOutcome:
        path = self.folder / name
        path.write_bytes(data)
        return self.take(path)

    def take_records(self, records: list[Any], *, ascii_only: bool = False) -> ImportOutcome:
        lines = (json.dumps(record, ensure_ascii=ascii_only) for record in records)
        return self.take_bytes("\n".join(lines).encode())

    def give_text(self, format_name: str, *, clean: bool = False) -> str:
        path = self.folder / "out.jsonl"
        export_lines(
            self.session,
            "SELECT * FROM entries ORDER BY position",
            LineOptions(format_name, clean),
            path,
            force=True,
        )
        return path.read_bytes().decode()

    def give(self, format_name: str, *, clean: bool = False) -> list[Any]:
        text = self.give_text(format_name, clean=clean)
        return [json.loads(line) for line in text.split("\n") if line]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.session.rows(sql)

    def reasons(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT reason FROM quarantine ORDER BY record")]
