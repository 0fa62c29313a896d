"""Plain text: what is somebody's speech, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.formats.documents import transcript
from tests.formats.sampling import SAMPLES


def turns(text: str, name: str = "chat.txt") -> list[tuple[str, str]]:
    data = text.encode()
    assert transcript.KIND.recognise(data, name) is not None
    return [(one["speaker"], one["text"]) for one in _read(data)["turns"]]


def _read(data: bytes) -> dict[str, Any]:
    (document,) = transcript.KIND.read(data)
    assert document.record is not None
    assert document.raw == data
    found = document.record["transcript"]
    assert isinstance(found, dict)
    return found


def sample(name: str) -> dict[str, Any]:
    return _read((SAMPLES / "transcript" / name).read_bytes())


def test_names_in_bold_under_a_title() -> None:
    found = sample("inn.md")
    assert (found["title"], found["preface"]) == ("The inn", "# The inn")
    assert found["turns"] == [
        {"speaker": "Ann", "text": "Is there room?\n\n*She shakes off the rain.*"},
        {"speaker": "Ben", "text": "One bed."},
        {"speaker": "Ann", "text": "I take it."},
    ]


def test_names_before_a_colon_with_times() -> None:
    assert sample("evening.txt")["turns"] == [
        {"speaker": "Ann", "text": "hi", "time": "21:03"},
        {"speaker": "Ben Ó'Hara", "text": "hello: come in\nand sit", "time": "21:04"},
        {"speaker": "Ann", "text": "thanks", "time": "21:05"},
        {"speaker": "Ben Ó'Hara", "text": "tea?"},
    ]


def test_headings_template_marks_brackets_and_quotes() -> None:
    def spoken(name: str) -> list[tuple[str, str]]:
        return [(one["speaker"], one["text"]) for one in sample(name)["turns"]]

    assert spoken("headings.md") == [
        ("System", "You are a ferry."),
        ("User", "Where do you go?\n\nAnd when?"),
        ("Assistant", "- Across\n- At night"),
    ]
    assert spoken("template.txt") == [
        ("system", "Be brief."),
        ("user", "Ann: hi\nBen: no"),
        ("assistant", "Maybe."),
    ]
    assert spoken("brackets.txt")[:2] == [("アン", "こんばんは"), ("ベン", "やあ、入って")]
    assert spoken("brackets.txt")[2] == ("アン", "「ありがとう」\n彼女は笑った。")
    assert spoken("quoted.md") == [
        ("user", "What is a quay?"),
        ("assistant", "A wharf.\n\nMostly stone."),
        ("user", "And a pier?"),
        ("assistant", "It stands on posts."),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann: hi\nBen: yo\n", [("Ann", "hi"), ("Ben", "yo")]),
        ("\ufeffAnn: hi\r\nBen: yo\r\n", [("Ann", "hi"), ("Ben", "yo")]),
        ("<ann> hi\n<ben> yo\n<ann> ok", [("ann", "hi"), ("ben", "yo"), ("ann", "ok")]),
        ("[12:03] <ann> hi\n[12:04] <ben> yo", [("ann", "hi"), ("ben", "yo")]),
        ("アン：こんにちは\nベン：やあ", [("アン", "こんにちは"), ("ベン", "やあ")]),
        ("**Ann**: hi\n\n__Ben:__ yo", [("Ann", "hi"), ("Ben", "yo")]),
        ("Анна: да\nБорис: нет", [("Анна", "да"), ("Борис", "нет")]),
        ("### Instruction:\na\n\n### Response:\nb", [("Instruction", "a"), ("Response", "b")]),
        (
            "<|system|>Be.<|user|>hi<|model|>yo",
            [("system", "Be."), ("user", "hi"), ("model", "yo")],
        ),
        (
            "<start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\nyo<end_of_turn>\n",
            [("user", "hi"), ("model", "yo")],
        ),
    ],
)
def test_ways_of_writing_speakers_down(text: str, expected: list[tuple[str, str]]) -> None:
    assert turns(text) == expected


def test_front_matter_is_no_speech() -> None:
    text = "---\ntitle: Night watch\ntags: x\n---\nAnn: hi\nBen: yo\nAnn: ok\n"
    found = _read(text.encode())
    assert found["title"] == "Night watch"
    assert found["preface"].startswith("---\ntitle")
    assert len(found["turns"]) == 3


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"messages":[{"role":"user","content":"Ann: hi"}]}\n', "chat.txt"),
        ('[\n{"a": "Ann: hi"}]', "chat.txt"),
        ("[1, 2]\nAnn: hi\nBen: yo", "chat.txt"),
        ("name: x\nversion: 1\nlicence: y\nfiles: z\n", "chat.txt"),
        ("Ann: hi\nBen: yo\n", "settings.yaml"),
        ("Ann: hi\nBen: yo\n", "table.csv"),
        ("INFO: up\nERROR: down\nINFO: up\n", "server.log"),
        ("From: a\nTo: b\nSubject: c\n\nHello, how are you?\n", "mail.txt"),
        ("Ann: a monologue\nAnn: goes on\n", "chat.txt"),
        ("Note: this.\n\nJust prose.\n\nMore prose.\n\nNote: that.\n", "notes.md"),
        ("# One\n\ntext\n\n# Two\n\ntext\n\n# Three\n\ntext", "book.md"),
        ("Once upon a time.\n\n> A quote.\n\nThe end.", "tale.md"),
        ("https://a.example\nhttps://b.example\nhttp://c.example\n", "links.txt"),
        ("", "empty.txt"),
        ("Ann\0: hi\nBen: yo", "chat.txt"),
    ],
)
def test_other_texts_are_no_transcripts(text: str, name: str) -> None:
    assert transcript.KIND.recognise(text.encode(), name) is None


def test_a_beginning_that_promises_too_much_is_told_of() -> None:
    data = b"Ann: hi\n\nBen: yo\n\n" + b"Only prose from here on.\n\n" * 50
    (document,) = transcript.KIND.read(data)
    assert (document.record, document.raw) == (None, data)
    assert document.fault == "too little of the text is anybody's turn"


def test_a_text_cut_inside_of_a_character_is_known() -> None:
    data = ("Ann: ééé\nBen: üüü\n" * 5000).encode()
    for size in (65_535, 65_536):
        assert transcript.KIND.recognise(data[:size], "long.txt") is not None


WORDS = st.text(st.sampled_from("abc é\u3042*-> \n"), min_size=1, max_size=30)


@given(st.lists(st.tuples(st.sampled_from(["Ann", "Ben", "Cé"]), WORDS), min_size=3, max_size=20))
def test_nothing_that_was_said_is_lost(said: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{name}: {words}" for name, words in said)
    (document,) = transcript.KIND.read(text.encode())
    if document.record is not None:
        found = document.record["transcript"]
        told = "".join([found.get("preface", ""), *(one["text"] for one in found["turns"])])
        names = "".join(one["speaker"] + ":" for one in found["turns"])
        assert sorted("".join((told + names).split())) == sorted("".join(text.split()))
