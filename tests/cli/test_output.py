from __future__ import annotations

import io
import json
import math
import sys
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.cli import output

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


class Terminal(io.StringIO):
    """A stdout that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_escape_sequences_cannot_reach_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("TERM", "dumb")  # the table's own bold letters would count
    output.write("\x1b]0;title\x07 \x9b31m \u202eabc\ttab\nline")
    output.write_rows(["a\x1bb"], [("\x1b[2J",)])
    text = shown.getvalue()
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    assert "\\x1b]0;title" in text
    assert "\ttab\nline" in text


def test_a_pipe_gets_exact_text(capsys: pytest.CaptureFixture[str]) -> None:
    output.write("\x1b[31m")
    assert capsys.readouterr().out == "\x1b[31m\n"


@given(st.text())
def test_one_line_is_one_short_line(text: str) -> None:
    line = output.one_line(text, 20)
    assert len(line) <= 20
    assert len(line.splitlines()) <= 1


@given(JSON_VALUES)
def test_json_values_stay_what_they_are(value: object) -> None:
    shaped = json.loads(json.dumps(output.plain(value)))
    assert shaped == value or "inf" in repr(value)


def test_other_values_become_json() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert output.plain(moment) == "2026-01-02T03:04:05+00:00"
    assert output.plain(date(2026, 1, 2)) == "2026-01-02"
    assert output.plain(uuid.UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    assert output.plain([Decimal("1.50"), Decimal(7), math.nan, b"\xff"]) == [1.5, 7, None, "/w=="]
    assert output.plain({uuid.UUID(int=1): {2}}) == {"00000000-0000-0000-0000-000000000001": [2]}


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_rows_as_json_are_one_array(rows: int, capsys: pytest.CaptureFixture[str]) -> None:
    output.write_json_rows(["n", "s"], ((n, "ü\n") for n in range(rows)))
    assert json.loads(capsys.readouterr().out) == [{"n": n, "s": "ü\n"} for n in range(rows)]


def test_in_a_pipe_a_line_is_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_rows(["a", "b"], [("x\ty\nz", None), ([1], True)])
    assert capsys.readouterr().out == "a\tb\nx y z\t\n[1]\ttrue\n"


def test_a_terminal_says_when_it_shows_a_part(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    output.write_rows(["n"], ((f"row {n}",) for n in range(output.TABLE_ROWS + 1)))
    assert f"row {output.TABLE_ROWS - 1}" in shown.getvalue()
    assert f"row {output.TABLE_ROWS}\n" not in shown.getvalue()
    assert "only the first 1,000 rows" in capsys.readouterr().err


def test_numbers_for_people() -> None:
    assert output.amount(1001, "entry", "entries") == "1,001 entries"
    assert output.amount(1, "entry", "entries") == "1 entry"
    assert [output.size(n) for n in (0, 999, 1500, 2_000_000, 3 * 10**12)] == [
        "0 B", "999 B", "1.5 kB", "2.0 MB", "3.0 TB",
    ]  # fmt: skip
