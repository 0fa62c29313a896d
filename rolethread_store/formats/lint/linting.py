"""The lint: one pass over the messages, then questions to its narrow rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolethread_store.engine import Session
from rolethread_store.formats.lint.marks import Mark, narrow_sql
from rolethread_store.formats.lint.matrix import FEWEST_EXAMPLES
from rolethread_store.formats.lint.mending import JOINING, MENDED, format_of
from rolethread_store.formats.lint.report import Finding, LintReport, RuleCount
from rolethread_store.formats.lint.rules import FILE_RULES, RULES, Rule
from rolethread_store.formats.lint.targets import cells_of, roles_of
from rolethread_store.formats.lint.verdict import Cell, Verdict

__all__ = ["lint_relation"]

_TABLE = "lint_rows"
# What an entry is to a trainer that takes every key of a record.
_SHAPE = "CASE WHEN pair THEN 'preference' WHEN label THEN 'label' ELSE 'chat' END"


def lint_relation(
    session: Session,
    relation: str,
    target: str,
    *,
    template: str | None = None,
    as_exported: bool = False,
    limit: int = 5,
) -> LintReport:
    """Predict what a trainer does with each of the entries a SELECT gives.

    Args:
        session: A session that can run the SELECT; a temporary table is made in it.
        relation: A SELECT of the columns of schema v1.
        target: The trainer or format.
        template: Family of the model's chat template, for targets that use one.
        as_exported: Ask about the records that an export to the target writes.
        limit: Findings to give of each rule, at most.

    Raises:
        TargetUnknown: there is no such target.
        TemplateUnknown: there is no such family.
        TemplateUnneeded: the target uses no template.
    """
    mended = MENDED.get(target, frozenset()) if as_exported else frozenset()
    cells = {r: cell for r, cell in cells_of(target, template).items() if r not in mended}
    rules = [rule for rule in RULES if rule.name in cells]
    narrow = _narrow(relation, target, rules, as_exported=as_exported)
    # A table is filled by all cores, and every question after it is about bits and letters.
    session.execute(f"CREATE OR REPLACE TEMP TABLE {_TABLE} AS {narrow}")
    try:
        entries, verdicts, counts = _counted(session, rules, cells)
        found = [rule for rule in rules if counts[rule.name]]
        return LintReport(
            target=target,
            template=template,
            entries=entries,
            verdicts=verdicts,
            doubtful=_doubtful(session, rules, cells),
            rules=(
                *(_count(rule, target, cells, counts[rule.name]) for rule in found),
                # Entries without a pair are left out, and make no record.
                *_whole_file(session, target, cells, entries, entries - counts.get("no-pair", 0)),
            ),
            findings=tuple(
                one for rule in found for one in _findings(session, rule, cells[rule.name], limit)
            ),
        )
    finally:
        session.execute(f"DROP TABLE {_TABLE}")


def _narrow(relation: str, target: str, rules: list[Rule], *, as_exported: bool) -> str:
    """Return a SELECT of the narrow rows that some rules need."""
    wanted = Mark.NONE
    for rule in rules:
        wanted |= rule.marks
    roles = roles_of(target, as_exported=as_exported)
    return narrow_sql(relation, roles, wanted, joining=as_exported and target in JOINING)


def _counted(
    session: Session, rules: list[Rule], cells: Mapping[str, Cell]
) -> tuple[int, dict[Verdict, int], dict[str, int]]:
    """Count entries: in all, by their worst verdict that is certain, and by rule."""
    worst = ", ".join(
        f"CASE WHEN {rule.test} THEN {cells[rule.name].verdict.severity} ELSE 0 END"
        for rule in rules
        if cells[rule.name].certain
    )
    columns = [
        "count(*)",
        *(f"count(*) FILTER (worst = {verdict.severity})" for verdict in Verdict),
        *(f"count(*) FILTER ({rule.test})" for rule in rules),
    ]
    judged = f"SELECT *, greatest(0, {worst or 0}) AS worst FROM {_TABLE}"
    row = session.rows(f"SELECT {', '.join(columns)} FROM ({judged})")[0]
    split = 1 + len(Verdict)
    verdicts = dict(zip(Verdict, row[1:split], strict=True))
    names = [rule.name for rule in rules]
    return row[0], verdicts, dict(zip(names, row[split:], strict=True))


def _doubtful(session: Session, rules: list[Rule], cells: Mapping[str, Cell]) -> int:
    """Count the entries that fare badly with some chat templates."""
    tests = [
        rule.test
        for rule in rules
        if not cells[rule.name].certain and cells[rule.name].verdict is not Verdict.KEPT
    ]
    if not tests:
        return 0
    return int(session.value(f"SELECT count(*) FROM {_TABLE} WHERE ({') OR ('.join(tests)})"))


def _count(rule: Rule, target: str, cells: Mapping[str, Cell], entries: int) -> RuleCount:
    cell = cells[rule.name]
    mended = rule.name in MENDED.get(target, ())
    return RuleCount(
        rule=rule.name,
        title=rule.title,
        verdict=cell.verdict,
        message=cell.message,
        entries=entries,
        certain=cell.certain,
        whole_file=rule in FILE_RULES,
        mended=mended,
        resolved_by=(f"--format {format_of(target)}",) if mended else rule.options,
    )


def _whole_file(
    session: Session, target: str, cells: Mapping[str, Cell], entries: int, examples: int
) -> list[RuleCount]:
    """Return what is so of all entries together."""
    found: dict[str, int] = {}
    if "few-examples" in cells and examples < FEWEST_EXAMPLES:
        found["few-examples"] = examples
    if "mixed-shapes" in cells:
        shapes = session.rows(f"SELECT count(*) FROM {_TABLE} GROUP BY {_SHAPE} ORDER BY 1")
        if len(shapes) > 1:
            # Those that are not of the commonest shape.
            found["mixed-shapes"] = entries - shapes[-1][0]
    return [
        _count(rule, target, cells, found[rule.name]) for rule in FILE_RULES if rule.name in found
    ]


def _findings(session: Session, rule: Rule, cell: Cell, limit: int) -> list[Finding]:
    rows: list[tuple[Any, ...]] = session.rows(
        f"SELECT entry_id, {rule.turn} FROM {_TABLE} WHERE {rule.test} "
        f"ORDER BY position, entry_id LIMIT {int(limit)}"
    )
    return [
        Finding(
            entry_id,
            None if turn is None else int(turn),
            rule.name,
            cell.verdict,
            cell.message,
        )
        for entry_id, turn in rows
    ]
