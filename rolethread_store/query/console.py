"""The SQL console: a user's question, checked, on the reading session."""

from __future__ import annotations

from collections.abc import Sequence

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import Reader
from rolethread_store.engine import EngineResult, checked_statement
from rolethread_store.query.views import Views

__all__ = ["Console", "Result"]

Result = EngineResult
"""What a query gives; see :class:`rolethread_store.engine.EngineResult`."""


class Console:
    """Answers SQL over the store's views."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._views = Views(reader)

    def run(self, query: str, folds: Sequence[DatasetFold]) -> Result:
        """Run one read-only statement.

        Args:
            query: SQL over ``entries``, ``messages`` and the datasets' own views.
            folds: The states that the views show.

        Raises:
            QueryInvalid: it is wrong.
            QueryRefused: it is not a read, or reaches outside the store.
        """
        statement = checked_statement(query)
        self._views.refresh(folds)
        with self._reader.diagnosing():
            return self._reader.session.result(statement)
