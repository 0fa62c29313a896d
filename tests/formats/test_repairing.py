"""Proposed repairs: what is safe, what is not, and what none is made for."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from rolethread_store.formats import RepairLibraryMissing, proposed_repair

TALK: dict[str, Any] = {"messages": [{"role": "user", "content": 'He said "yes", née\nAnn.'}]}
GOOD = json.dumps(TALK, ensure_ascii=False)


@pytest.mark.parametrize(
    ("broken", "meant"),
    [
        (GOOD[:-1], TALK),
        (GOOD[:-3], TALK),
        (GOOD.replace("]}", ",]}"), TALK),
        ("{'messages': [{'role': 'user', 'content': None}]}",
         {"messages": [{"role": "user", "content": None}]}),
        ('{"messages":[{"role":"user","content":"a\nb"}]}',
         {"messages": [{"role": "user", "content": "a\nb"}]}),
        ('{"messages":[{"role":"user","content":"caf\\u00e9 au lait"}]',
         {"messages": [{"role": "user", "content": "café au lait"}]}),
    ],
)  # fmt: skip
def test_broken_json_is_set_right_without_a_changed_word(broken: str, meant: object) -> None:
    repair = proposed_repair(broken.encode())
    assert repair is not None
    assert json.loads(repair.text) == meant
    assert (repair.safe, repair.steps) == (True, ("brackets, quotes and commas set right",))


def test_slips_into_another_encoding_are_read() -> None:
    raw = ('{"messages":[{"role":"user","content":"it\u2019s late in the tavern, née"}]}').encode()
    repair = proposed_repair(raw.replace("\u2019".encode(), b"\x92"))
    assert repair is not None
    assert (repair.text.encode(), repair.safe) == (raw, True)
    assert repair.steps == ("bytes that are not UTF-8 read as Windows-1252",)


def test_a_guess_is_not_safe() -> None:
    repair = proposed_repair('{"messages":[{"role":"user","content":"Привет"}]}'.encode("cp1251"))
    assert repair is not None
    assert not repair.safe
    assert "guess" in repair.steps[0]


def test_a_repair_that_loses_words_is_not_safe() -> None:
    repair = proposed_repair(b'{"messages":[{"role":"user","content":"a"}], ] words that go } x')
    assert repair is None or not repair.safe


@pytest.mark.parametrize(
    "raw", [b"", b" ", b"{}", GOOD.encode(), b"[1]", b"prose and nothing else", b"{" * 3000,
            b'{"a":' + b" " * (1 << 20)],
)  # fmt: skip
def test_there_is_nothing_to_propose(raw: bytes) -> None:
    assert proposed_repair(raw) is None


@pytest.mark.parametrize(
    ("library", "raw"), [("json_repair", GOOD[:-1].encode()), ("ftfy", b'{"a":"\xff"}')]
)
def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, library: str, raw: bytes
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(RepairLibraryMissing) as caught:
        proposed_repair(raw)
    assert caught.value.hint == "install it with: pip install 'rolethread-store[repair]'"
