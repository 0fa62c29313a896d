"""What SQL sees: ``entries``, ``messages``, and one view per dataset."""

from __future__ import annotations

from collections.abc import Sequence

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import Reader
from rolethread_store.engine import Session, identifier, literal
from rolethread_store.segments import ENTRY_COLUMNS

__all__ = ["Views", "named_rows"]

_COLUMNS = ", ".join(
    'coalesce("tags", []) AS "tags"' if name == "tags" else identifier(name)
    for name in ENTRY_COLUMNS
)


def _messages_of(entries: str) -> str:
    return (
        'SELECT "dataset", "entry_id", CAST("turn" AS INTEGER) AS "turn", "m"."role" AS "role", '
        '"m"."content" AS "content", "m"."name" AS "name", "m"."character" AS "character" FROM '
        '(SELECT "dataset", "entry_id", unnest("messages") AS "m", '
        f'generate_subscripts("messages", 1) - 1 AS "turn" FROM ({entries}))'
    )


def named_rows(reader: Reader, folds: Sequence[DatasetFold]) -> str:
    """Return a SELECT of the entries of datasets, with a first column ``dataset``."""
    parts = [
        f'SELECT {literal(fold.name)} AS "dataset", {_COLUMNS} FROM ({reader.relation(fold)})'
        for fold in folds
    ]
    if not parts:
        empty = ", ".join(f'CAST(NULL AS {t}) AS "{name}"' for name, t in ENTRY_COLUMNS.items())
        return f'SELECT CAST(NULL AS VARCHAR) AS "dataset", {empty} WHERE false'
    return " UNION ALL ".join(parts)


class Views:
    """Keeps the reading session's views equal to the store's state."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._made_for: tuple[Session, int, tuple[str, ...]] | None = None
        self._bodies: dict[str, str] = {}
        self._names: set[str] = set()

    def refresh(self, folds: Sequence[DatasetFold]) -> None:
        """Make the views show these states, one of each dataset at most."""
        journal = self._reader.journal
        # The reader takes a new session after an engine failure; that one has no views yet.
        session = self._reader.session
        wanted = (session, journal.version, tuple(fold.key for fold in folds))
        if self._made_for == wanted:
            return
        known = self._bodies if self._made_for and self._made_for[0] is session else {}
        self._made_for = None
        entries = named_rows(self._reader, folds)
        bodies = {"entries": entries, "messages": _messages_of(entries)}
        bodies |= {fold.name: named_rows(self._reader, [fold]) for fold in folds}
        # An edit changes rows of a table behind the views and seldom the views; making one
        # reads the footers of all segments (0.7 ms each).
        if bodies != known:
            self._make(session, bodies)
        self._bodies, self._made_for = bodies, wanted

    def _make(self, session: Session, bodies: dict[str, str]) -> None:
        for name in self._names:
            session.execute(f"DROP VIEW IF EXISTS {identifier(name)}")
        self._names = set(bodies)
        for name, body in bodies.items():
            session.execute(f"CREATE OR REPLACE VIEW {identifier(name)} AS {body}")
