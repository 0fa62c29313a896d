"""Lint: what a trainer would do with the entries of a dataset, without writing any."""

from __future__ import annotations

from dataclasses import dataclass

from rolethread_store.changelog import DatasetFold
from rolethread_store.engine import checked_statement
from rolethread_store.formats.lint import LintReport, lint_relation
from rolethread_store.store.parts import Parts

__all__ = ["LintQuestion", "lint"]


@dataclass(frozen=True, slots=True)
class LintQuestion:
    """What to ask.

    Attributes:
        target: The trainer or format.
        template: Family of the model's chat template, if it matters.
        where: SQL condition over the entries' columns, ``None`` for all.
        as_exported: Whether to ask about the records an export to the target writes.
        limit: Entries to name for each rule, at most.
    """

    target: str
    template: str | None = None
    where: str | None = None
    as_exported: bool = False
    limit: int = 5


def lint(parts: Parts, fold: DatasetFold, question: LintQuestion) -> LintReport:
    """Predict what a target does with the entries that a condition selects."""
    relation = parts.reader.relation(fold)
    if question.where is not None:
        chosen = checked_statement(
            f"SELECT entry_id FROM (SELECT * REPLACE (coalesce(tags, []) AS tags) "
            f"FROM ({relation})) WHERE ({question.where}\n)"
        )
        relation = f"SELECT * FROM ({relation}) SEMI JOIN ({chosen}) USING (entry_id)"
    with parts.reader.diagnosing():
        return lint_relation(
            parts.reader.session,
            relation,
            question.target,
            template=question.template,
            as_exported=question.as_exported,
            limit=question.limit,
        )
