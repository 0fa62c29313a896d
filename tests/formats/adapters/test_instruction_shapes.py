"""Questions with answers: instructions, prompts and completions, plain text, judged answers."""

from __future__ import annotations

from typing import Any

import pytest

from rolethread_store.formats.adapters import RecordOdd
from tests.formats.adapters.corpora_samples import ADAPTER_BY_NAME, draft, read, said

Record = dict[str, Any]


@pytest.mark.parametrize(
    ("name", "key"), [("dolly", "context"), ("gpteacher", "input"), ("alpaca-preference", "input")]
)
def test_an_input_follows_the_instruction_after_a_blank_line(name: str, key: str) -> None:
    answers = {"chosen": "A", "rejected": "B"} if "preference" in name else {"response": "A"}
    for about, question in (("this", "Mend\n\nthis"), ("", "Mend"), (None, "Mend")):
        one = draft(name, {"instruction": "Mend", key: about, **answers})
        assert said(one) == [("user", question), ("assistant", "A")]
        assert one.extra is not None
        assert (one.extra["instruction"], one.extra[key]) == ("Mend", about or "")


def test_system_and_history_come_first() -> None:
    record = {
        "system": "Rhyme.",
        "history": [["One?", "Two."], ["Three?", "Four."]],
        "instruction": "Five?",
        "response": "Six.",
        "id": 2**53 + 1,
    }
    one = draft("gpteacher", record)
    assert said(one) == [
        ("system", "Rhyme."),
        ("user", "One?"),
        ("assistant", "Two."),
        ("user", "Three?"),
        ("assistant", "Four."),
        ("user", "Five?"),
        ("assistant", "Six."),
    ]
    assert one.extra == {"id": 2**53 + 1, "instruction": "Five?", "input": ""}


def test_tags_of_the_source_are_tags() -> None:
    tagged = draft("text", {"text": "Rain.", "tags": ["wet", "grey"]})
    assert (tagged.tags, tagged.extra) == (("wet", "grey"), None)
    odd = draft("text", {"text": "Rain.", "tags": ["wet", 3]})
    assert (odd.tags, odd.extra) == (None, {"tags": ["wet", 3]})


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("prompt", "completion"),
        ("prompt", "response"),
        ("question", "answer"),
        ("question", "response"),
        ("query", "response"),
        ("input", "output"),
    ],
)
def test_a_pair_of_texts_is_a_question_and_an_answer(question: str, answer: str) -> None:
    one = draft("prompt-completion", {question: " Ho?\n", answer: "Ha. ", "shelf": 3})
    assert said(one) == [("user", " Ho?\n"), ("assistant", "Ha. ")]
    assert one.extra == {"shelf": 3}


def test_a_pair_of_message_lists_is_a_conversation() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    one = draft(
        "prompt-completion",
        {
            "prompt": [{"role": "system", "content": "S"}, {"role": "Human", "content": "U"}],
            "completion": [
                {"role": "assistant", "content": None, "tool_calls": [call], "weight": 0},
                {"role": "tool", "content": "7", "tool_call_id": "a", "name": "f"},
                {"role": "assistant", "content": [{"type": "text", "text": "Seven"}]},
                {"role": "assistant", "content": [{"type": "audio"}]},
            ],
            "tools": [{"type": "function"}],
        },
    )
    assert said(one) == [
        ("system", "S"),
        ("user", "U"),
        ("assistant", None),
        ("tool", "7"),
        ("assistant", "Seven"),
        ("assistant", None),
    ]
    _, _, called, result, _, structured = one.turns
    assert (called.weight, called.extra) == (0.0, {"tool_calls": [call]})
    assert (result.name, result.extra) == ("f", {"tool_call_id": "a"})
    assert structured.extra == {"content": [{"type": "audio"}]}
    assert one.extra == {"tools": [{"type": "function"}]}


def test_labels_of_messages_are_roles_where_no_character_bears_them() -> None:
    def role(message: Record) -> str:
        return draft("prompt-completion", {"prompt": [message], "completion": "x"}).turns[0].role

    assert role({"from": "bard", "value": "Hi"}) == "assistant"
    assert role({"role": "bard", "content": "Hi"}) == "bard"
    assert role({"role": "Model", "content": "Hi"}) == "assistant"


def test_a_thumb_makes_it_kto() -> None:
    one = draft("kto", {"prompt": "Ho?", "completion": "Ha.", "label": False})
    assert said(one) == [("user", "Ho?"), ("assistant", "Ha.")]
    assert one.extra == {"label": False}
    assert ADAPTER_BY_NAME["kto"].recognise({"prompt": "a", "completion": "b", "label": 1}) is None


def test_an_instruction_may_have_a_verdict() -> None:
    given = {"instruction": "Ho?", "input": "Loud.", "output": "Ha.", "kto_tag": True}
    one = draft("alpaca-labelled", given)
    assert said(one) == [("user", "Ho?\n\nLoud."), ("assistant", "Ha.")]
    assert one.extra == {"kto_tag": True, "instruction": "Ho?", "input": "Loud."}
    known = ADAPTER_BY_NAME["alpaca-labelled"].recognise
    assert known(given | {"rejected": "x"}) is None
    assert known({"instruction": "Ho?", "output": "Ha."}) is None


def test_steps_are_one_answer_and_stay_apart_in_extra() -> None:
    record = {"prompt": "8 / 2 / 2?", "completions": ["8 / 2 = 4", "4 / 2 = 2"], "labels": [1, 0]}
    one = draft("stepwise", record)
    assert said(one) == [("user", "8 / 2 / 2?"), ("assistant", "8 / 2 = 4\n4 / 2 = 2")]
    assert one.extra == {"completions": record["completions"], "labels": [1, 0]}


@pytest.mark.parametrize(
    ("prompt", "generation", "turns"),
    [
        (
            "<|system|>S <|user|>U\n<|model|>",
            " A",
            [("system", "S "), ("user", "U\n"), ("assistant", " A")],
        ),
        ("<|user|>U<|model|>Rex:", " hi", [("user", "U"), ("assistant", "Rex: hi")]),
        ("<|user|>U", "A", [("user", "U"), ("assistant", "A")]),
        ("Early<|user|>U", "A", [("system", "Early"), ("user", "U"), ("assistant", "A")]),
        ("plain", "A", [("user", "plain"), ("assistant", "A")]),
        ("", "A", [("assistant", "A")]),
    ],
)  # fmt: skip
def test_metharme_marks_are_roles(
    prompt: str, generation: str, turns: list[tuple[str, str]]
) -> None:
    assert said(draft("metharme", {"prompt": prompt, "generation": generation})) == turns


def test_how_far_an_answer_was_begun_is_known() -> None:
    one = draft("metharme", {"prompt": "<|user|>U<|model|>Rex:", "generation": " hi"})
    assert one.turns[-1].extra == {"begun": "Rex:"}


def test_plain_text_is_one_turn_word_for_word() -> None:
    text = "<|im_start|>user\nho<|im_end|>\n"
    assert said(draft("text", {"text": text})) == [("assistant", text)]


@pytest.mark.parametrize("key", ["role", "speaker", "parent_id", "message_id", "conversation_id"])
def test_text_of_somebody_is_not_plain(key: str) -> None:
    assert ADAPTER_BY_NAME["text"].recognise({"text": "Hi", key: "x"}) is None


@pytest.mark.parametrize(
    ("name", "record", "reason"),
    [
        ("gpteacher", {"instruction": "a", "response": None}, '"response" is null, not text'),
        ("gpteacher", {"instruction": "a", "response": 3}, '"response" is a number, not text'),
        (
            "gpteacher",
            {"instruction": "a", "input": ["b"], "response": "c"},
            '"input" is a list, not text',
        ),
        (
            "gpteacher",
            {"instruction": "a", "history": [["b"]], "response": "c"},
            '"history" round 0 is not a question and an answer',
        ),
        ("dolly", {"instruction": "a", "context": "", "response": {}}, "is an object, not text"),
        ("prompt-completion", {"prompt": [], "completion": "x"}, '"prompt" is empty'),
        (
            "prompt-completion",
            {"prompt": ["a"], "completion": "x"},
            '"prompt" message 0 is not an object',
        ),
        (
            "prompt-completion",
            {"prompt": [{"content": "a"}], "completion": "x"},
            '"prompt" message 0 does not say who speaks',
        ),
        ("stepwise", {"prompt": "a", "completions": ["b"], "labels": []}, "1 completions have 0"),
        ("stepwise", {"prompt": "a", "completions": [1], "labels": [1]}, "not a list of texts"),
        ("text", {"text": "a", "$rt": 1}, 'reserved key "$rt"'),
    ],
)
def test_what_cannot_be_read_has_a_reason(name: str, record: Record, reason: str) -> None:
    with pytest.raises(RecordOdd) as odd:
        read(name, record)
    assert reason in str(odd.value)
