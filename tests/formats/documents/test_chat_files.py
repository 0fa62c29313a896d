"""Chats of SillyTavern and WhatsApp, LimaRP and AI Dungeon, as files."""

from __future__ import annotations

import importlib
import json
from types import ModuleType

import pytest

from rolethread_store.formats.documents import adventure, limarp, sillytavern, whatsapp
from tests.formats.sampling import SAMPLES

HEADER = '{"user_name":"Ann","character_name":"Rex"}'
LINE = '{"name":"Rex","is_user":false,"mes":"Hello"}'


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (f"{HEADER}\n{LINE}\n", True),
        (f"\ufeff{HEADER}\r\n{LINE}\r\n", True),
        (HEADER, True),
        (LINE, True),
        (f'{{"chat_metadata":{{"a":"{"x" * 70_000}"}}', True),
        (f'{HEADER}\n{{"name":"Rex","is_user":false,"mes":"{"x" * 70_000}', True),
        # Records of a dataset that happen to name a user and a character.
        (f'{HEADER[:-1]},"messages":[]}}\n{HEADER[:-1]},"messages":[]}}\n', False),
        ('{"messages":[]}\n', False),
        ('{"name":"x","mes":1}\n', False),
        ("[]", False),
        ("", False),
    ],
)
def test_a_sillytavern_chat_is_known_by_its_first_lines(text: str, known: bool) -> None:
    found = sillytavern.KIND.recognise(text.encode()[: 1 << 16], "x.jsonl")
    assert (found is not None) is known


def test_a_bad_line_of_a_chat_is_told_of_and_the_rest_read() -> None:
    lines = [HEADER, LINE, '{"mes": "cut', '{"other": 1}', LINE, '{"mes":NaN,"is_user":true}']
    data = "\n".join(lines).encode()
    whole, *faults = sillytavern.KIND.read(data)
    assert whole.raw == data
    assert whole.record == {
        "sillytavern": {"header": json.loads(HEADER), "messages": [json.loads(LINE)] * 2}
    }
    assert [data[one.offset :][: len(one.raw)].decode() for one in faults] == [
        lines[2],
        lines[3],
        lines[5],
    ]
    assert [one.record for one in faults] == [None] * 3
    assert all(one.fault for one in faults)


def test_a_chat_in_utf_16_is_read() -> None:
    data = f"{HEADER}\n{LINE}\n".encode("utf-16")
    assert sillytavern.KIND.recognise(data, "x.jsonl") is not None
    (document,) = sillytavern.KIND.read(data)
    assert document.record is not None


@pytest.mark.parametrize(
    ("lines", "moments"),
    [
        (["1/2/26, 3:04 PM", "1/13/26, 3:04 AM"], ["2026-01-02T15:04:00", "2026-01-13T03:04:00"]),
        (["02.01.26, 03:04", "13.01.26, 12:04"], ["2026-01-02T03:04:00", "2026-01-13T12:04:00"]),
        (
            ["2026-01-02, 12:04 a.m.", "2026-01-03, 03:04"],
            ["2026-01-02T00:04:00", "2026-01-03T03:04:00"],
        ),
        (["1/2/26, 3:04 PM", "3/4/26, 3:04 PM"], [None, None]),
        (["13/13/26, 3:04 PM", "1/2/26, 3:04 PM"], [None, None]),
        (["31/02/2026, 03:04", "01/02/2026, 03:04"], [None, "2026-02-01T03:04:00"]),
    ],
)
def test_whatsapp_dates_are_told_only_where_they_are_certain(
    lines: list[str], moments: list[str | None]
) -> None:
    text = "".join(f"{line} - Ann: hi\n" for line in lines)
    (document,) = whatsapp.KIND.read(text.encode())
    assert document.record is not None
    messages = document.record["whatsapp"]["messages"]
    assert [one["date"] for one in messages] == lines
    assert [one.get("sent_at") for one in messages] == moments


def test_whatsapp_keeps_what_stands_before_the_first_line() -> None:
    (document,) = whatsapp.KIND.read(b"Exported.\n02/01/2026, 03:04 - Ann: hi\n")
    assert document.record is not None
    assert document.record["whatsapp"]["preface"] == "Exported."


@pytest.mark.parametrize(
    "text",
    [
        "> quoted mail\n> more\n\nAnswer\n",
        "> You wrote\n\nYes.\n",
        ">>> You print\n>>> You see\n",
        '{"a": "\\n> You go\\n> You see"}',
    ],
)
def test_quotes_are_no_adventures(text: str) -> None:
    assert adventure.KIND.recognise(text.encode(), "x.txt") is None


def test_an_adventure_loses_nothing() -> None:
    data = (SAMPLES / "ai-dungeon" / "cave.txt").read_bytes()
    (document,) = adventure.KIND.read(data)
    assert document.record is not None
    told = "".join(one["text"] for one in document.record["ai-dungeon"]["turns"])
    assert "".join(told.split()) == "".join(data.decode().replace(">", "").split())


YAML = "persona:\n  A: x\nnames:\n  A: No\nscenario: s\nconversation:\n"


def test_limarp_scalars_stay_texts() -> None:
    data = f"{YAML}- {{author: A, message: 0x10}}\n- {{author: A, message: ~}}\n".encode()
    (document,) = limarp.KIND.read(data)
    assert document.record == {
        "persona": {"A": "x"},
        "names": {"A": "No"},
        "scenario": "s",
        "conversation": [{"author": "A", "message": "0x10"}, {"author": "A", "message": "~"}],
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x [1]\nb: *x\n", "anchors"),
        ("a: " + "[" * 200 + "]" * 200, "nested too deeply"),
        ("a: [1\nb: 2", "not YAML in line 2"),
        ("a: !!python/object/apply:os.system [x]\nconversation: no\n", "no conversation"),
        ("- a\n", "no conversation"),
        ("? {a: 1}\n: 2\n", "not YAML"),
    ],
)
def test_yaml_that_harms_or_breaks_is_told_of(text: str, reason: str) -> None:
    (document,) = limarp.KIND.read(text.encode())
    assert document.record is None
    assert reason in (document.fault or "")


def test_without_the_yaml_package_the_file_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> ModuleType:
        if name == "yaml":
            raise ImportError(name)
        return importlib.import_module(name)

    monkeypatch.setattr(limarp, "import_module", missing)
    (document,) = limarp.KIND.read(YAML.encode())
    assert "rolethread-store[yaml]" in (document.fault or "")
