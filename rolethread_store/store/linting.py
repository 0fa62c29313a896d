"""Lint: what a trainer would do with the entries of a dataset, without writing any."""

from __future__ import annotations

from rolethread_store.changelog import DatasetFold
from rolethread_store.engine import checked_statement
from rolethread_store.formats.lint import LintReport, lint_relation
from rolethread_store.store.parts import Parts

__all__ = ["lint"]


def lint(
    parts: Parts,
    fold: DatasetFold,
    target: str,
    *,
    template: str | None = None,
    where: str | None = None,
    limit: int = 5,
) -> LintReport:
    """Predict what a target does with the entries that a condition selects."""
    relation = parts.reader.relation(fold)
    if where is not None:
        chosen = checked_statement(
            f"SELECT entry_id FROM (SELECT * REPLACE (coalesce(tags, []) AS tags) "
            f"FROM ({relation})) WHERE ({where}\n)"
        )
        relation = f"SELECT * FROM ({relation}) SEMI JOIN ({chosen}) USING (entry_id)"
    with parts.reader.diagnosing():
        return lint_relation(parts.reader.session, relation, target, template=template, limit=limit)
