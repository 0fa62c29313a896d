"""What the lint cannot be asked, and what an export is told to do about findings."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from rolethread_store.engine import Session
from rolethread_store.formats.lint import (
    FAMILY_NAMES,
    FILE_RULES,
    RULES,
    TARGETS,
    TargetUnknown,
    TemplateUnknown,
    TemplateUnneeded,
    cell_of,
    lint_relation,
    resolved_by,
)
from rolethread_store.store import Store
from tests.scenes import chat, jsonl


def test_an_unknown_target_names_the_known(fresh_store: Store, tmp_path: Path) -> None:
    tavern = fresh_store.dataset("tavern")
    tavern.import_file(jsonl(tmp_path / "one.jsonl", [chat("Ho!", "Hi.")]))
    with pytest.raises(TargetUnknown) as raised:
        tavern.lint("skynet")
    assert raised.value.hint is not None
    assert all(target in raised.value.hint for target in TARGETS)
    with pytest.raises(TemplateUnknown):
        tavern.lint("trl", template="nobody")
    with pytest.raises(TemplateUnneeded):
        tavern.lint("openai", template="gemma")
    assert tavern.lint("trl", where="len(messages) > 2").entries == 0
    assert tavern.lint("trl", where="tags = []").entries == 1


def test_every_rule_concerns_somebody_and_every_cell_has_a_rule() -> None:
    names = [rule.name for rule in (*RULES, *FILE_RULES)]
    assert len(set(names)) == len(names)
    for name in names:
        assert any(cell_of(name, target) is not None for target in TARGETS), name


def test_every_family_has_an_answer_to_every_rule() -> None:
    for family in FAMILY_NAMES:
        for rule in RULES:
            cell = cell_of(rule.name, "trl", family)
            assert cell is None or cell.message


def test_what_resolves_a_finding() -> None:
    assert resolved_by("greeting-first") == ("--greeting-first stub", "--greeting-first fold")
    assert resolved_by("system-in-the-middle") == ("--system merge", "--system first")
    assert resolved_by("name") == ("--names prefix", "--names drop")
    assert resolved_by("no such rule") == ()


def test_other_answers_make_a_pair(session: Session) -> None:
    rows = " UNION ALL ".join(
        f"SELECT CAST('{UUID(int=number)}' AS UUID) AS entry_id, {number} AS position, "
        "[{'role': 'user', 'content': 'Who?', 'name': NULL, 'weight': NULL, "
        "'alternatives': NULL, 'extra': NULL}, {'role': 'assistant', 'content': 'Me.', "
        f"'name': NULL, 'weight': NULL, 'alternatives': {others}, 'extra': NULL}}] AS messages, "
        "CAST(NULL AS VARCHAR) AS extra"
        for number, others in enumerate(["NULL", "[{'content': 'You.', 'extra': NULL}]", "[]"])
    )
    report = lint_relation(session, rows, "openai-preference")
    assert [one.entry_id.int for one in report.findings if one.rule == "no-pair"] == [0, 2]
