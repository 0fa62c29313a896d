"""Two answers to one prompt, in every shape they come in."""

from __future__ import annotations

from typing import Any

import pytest

from rolethread_store.formats.adapters import Draft, RecordOdd
from tests.formats.adapters.corpora_samples import ADAPTER_BY_NAME, draft, read, said

Record = dict[str, Any]

U = {"role": "user", "content": "Who goes there?"}
GOOD = {"role": "assistant", "content": "A friend of the house."}
BAD = {"role": "assistant", "content": "Nobody."}

_HH = "\n\nHuman: Who goes there?\n\nAssistant:"


def _part(message: Record) -> Record:
    return {"role": message["role"], "content": [{"type": "text", "value": message["content"]}]}


def _labelled(message: Record) -> Record:
    label = {"user": "human", "assistant": "gpt"}[message["role"]]
    return {"from": label, "value": message["content"]}


def check(one: Draft) -> None:
    """The common form: what both share, the better answer, and the worse one beside it."""
    assert said(one) == [("user", U["content"]), ("assistant", GOOD["content"])]
    (other,) = one.turns[-1].alternatives
    assert (other.content, other.extra) == (BAD["content"], {"preference": "rejected"})
    assert one.extra is not None
    assert (one.extra["chosen"], one.extra["rejected"]) == ([GOOD], [BAD])


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("preference", {"prompt": "P", "chosen": "C", "rejected": "R"}),
        ("preference", {"question": "P", "chosen": "C", "rejected": "R", "system": ""}),
        ("preference", {"input": "P", "chosen": "C", "rejected": "R"}),
        ("alpaca-preference", {"instruction": "P", "input": "", "chosen": "C", "rejected": "R"}),
        (
            "alpaca-preference",
            {"instruction": "P", "chosen_response": "C", "rejected_response": "R", "system": None},
        ),
    ],
)
def test_texts(name: str, record: Record) -> None:
    words = {"P": U["content"], "C": GOOD["content"], "R": BAD["content"]}
    check(draft(name, {key: words.get(value, value) for key, value in record.items()}))


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("preference", {"prompt": [U], "chosen": [GOOD], "rejected": [BAD]}),
        ("preference", {"prompt": [U], "chosen": GOOD, "rejected": BAD}),
        ("preference", {"prompt": [U], "chosen": [U, GOOD], "rejected": [U, BAD]}),
        ("preference", {"prompt": U["content"], "chosen": [U, GOOD], "rejected": [U, BAD]}),
        ("preference", {"chosen": [U, GOOD], "rejected": [U, BAD]}),
        ("message-pairs", {"chosen_messages": [U, GOOD], "rejected_messages": [U, BAD]}),
        (
            "message-pairs",
            {
                "chosen_messages": [_part(U), _part(GOOD)],
                "rejected_messages": [_part(U), _part(BAD)],
            },
        ),
        (
            "message-pairs",
            {
                "chosen_conversations": [_labelled(U), _labelled(GOOD)],
                "rejected_conversations": [_labelled(U), _labelled(BAD)],
            },
        ),
        (
            "openai-preference",
            {
                "input": {"messages": [U]},
                "preferred_output": [GOOD],
                "non_preferred_output": [BAD],
            },
        ),
    ],
)
def test_messages(name: str, record: Record) -> None:
    check(draft(name, record))


@pytest.mark.parametrize(
    "record",
    [
        {"chosen": f"{_HH} {GOOD['content']}", "rejected": f"{_HH} {BAD['content']}"},
        {"prompt": _HH, "chosen": f" {GOOD['content']}", "rejected": f" {BAD['content']}"},
        {"prompt": _HH, "chosen": f"{_HH} {GOOD['content']}", "rejected": f" {BAD['content']}"},
        {
            "prompt": f"\n\nHuman: {U['content']}",
            "chosen": GOOD["content"],
            "rejected": f"\n\nAssistant: {BAD['content']}",
        },
    ],
)
def test_transcripts(record: Record) -> None:
    check(draft("hh-rlhf", record))


def test_a_transcript_keeps_its_blanks_and_its_parting_is_where_the_other_answer_stands() -> None:
    shared = "\n\nHuman: a\n\nb: c\n\nAssistant:  two blanks \n\nHuman: "
    one = draft(
        "hh-rlhf",
        {"chosen": f"{shared}More\n\nAssistant: Yes", "rejected": f"{shared}Less\n\nAssistant:"},
    )
    assert said(one) == [
        ("user", "a\n\nb: c"),
        ("assistant", " two blanks "),
        ("user", "More"),
        ("assistant", "Yes"),
    ]
    (other,) = one.turns[2].alternatives
    assert other.content == "Less"
    assert other.extra == {
        "replies": [{"role": "assistant", "content": ""}],
        "preference": "rejected",
    }


def test_a_prompt_said_again_in_both_answers_is_said_once() -> None:
    prompt = "Once, on the long road to Vell,"
    one = draft(
        "preference",
        {"prompt": prompt, "chosen": f"{prompt} a heron spoke.", "rejected": f"{prompt} no."},
    )
    assert said(one) == [("user", prompt), ("assistant", " a heron spoke.")]
    assert one.turns[1].alternatives[0].content == " no."


def test_answers_that_begin_like_a_short_prompt_stay_whole() -> None:
    one = draft("preference", {"prompt": "Hello", "chosen": "Hello there", "rejected": "Hello"})
    assert said(one) == [("user", "Hello"), ("assistant", "Hello there")]


def test_answers_without_a_prompt_are_two_answers() -> None:
    one = draft("preference", {"chosen": "Green.", "rejected": "Blue."})
    assert said(one) == [("assistant", "Green.")]
    assert one.turns[0].alternatives[0].content == "Blue."


def test_equal_answers_are_both_kept() -> None:
    one = draft("preference", {"prompt": [U], "chosen": [U, GOOD], "rejected": [U, GOOD]})
    assert said(one) == [("user", U["content"]), ("assistant", GOOD["content"])]
    assert one.turns[1].alternatives[0].content == GOOD["content"]


def test_an_answer_that_is_another_role_says_so() -> None:
    one = draft("preference", {"prompt": [U], "chosen": [GOOD], "rejected": [U]})
    (other,) = one.turns[1].alternatives
    assert other.extra == {"role": "user", "preference": "rejected"}


def test_structured_content_reasoning_and_tools_are_kept() -> None:
    image = [{"type": "text", "value": "What?"}, {"type": "image_url", "value": "a.png"}]
    thought = [{"type": "reasoning", "value": "Hm."}, {"type": "text", "value": "An oar."}]
    asked = {"role": "user", "content": image}
    one = draft(
        "message-pairs",
        {
            "chosen_messages": [asked, {"role": "assistant", "content": thought, "loss_weight": 1}],
            "rejected_messages": [asked, {"role": "assistant", "content": image}],
        },
    )
    assert one.turns[0].extra == {"content": image}
    assert (one.turns[1].content, one.turns[1].weight) == ("An oar.", 1.0)
    assert one.turns[1].extra == {"reasoning_content": "Hm."}
    (other,) = one.turns[1].alternatives
    assert (other.content, other.extra) == (None, {"content": image, "preference": "rejected"})

    called = draft(
        "openai-preference",
        {
            "input": {"messages": [U], "tools": [{"a": 1}], "parallel_tool_calls": False},
            "preferred_output": [{"role": "assistant", "tool_calls": [{"id": "x"}]}],
            "non_preferred_output": [BAD],
            "rater": "k",
        },
    )
    assert called.turns[1].extra == {"tool_calls": [{"id": "x"}]}
    assert called.extra is not None
    assert called.extra["tools"] == [{"a": 1}]
    assert called.extra["parallel_tool_calls"] is False
    assert called.extra["rater"] == "k"
    assert called.extra["chosen"][0]["tool_calls"] == [{"id": "x"}]


@pytest.mark.parametrize(
    ("name", "record", "reason"),
    [
        ("preference", {"prompt": "a", "chosen": "b", "rejected": None}, '"rejected" is neither'),
        ("preference", {"prompt": "a", "chosen": [], "rejected": "b"}, '"chosen" is empty'),
        (
            "message-pairs",
            {"chosen_messages": [U], "rejected_messages": "b"},
            '"rejected_messages" is neither',
        ),
        (
            "openai-preference",
            {"input": {"messages": [U]}, "preferred_output": [GOOD]},
            '"non_preferred_output" is neither',
        ),
        ("hh-rlhf", {"chosen": "Human: a", "rejected": "b"}, '"rejected" does not begin'),
        ("hh-rlhf", {"chosen": "Human: a", "rejected": 1}, '"rejected" is a number'),
    ],
)
def test_what_cannot_be_read_has_a_reason(name: str, record: Record, reason: str) -> None:
    with pytest.raises(RecordOdd) as odd:
        read(name, record)
    assert reason in str(odd.value)


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [U], "chosen": GOOD, "rejected": BAD},
        {"conversations": [_labelled(U)], "chosen": _labelled(GOOD), "rejected": _labelled(BAD)},
    ],
)
def test_pairs_beside_a_conversation_are_left_to_its_own_format(record: Record) -> None:
    assert [name for name, one in ADAPTER_BY_NAME.items() if one.recognise(record)] == []
