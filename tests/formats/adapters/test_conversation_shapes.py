"""Corpora of conversations: trees, rounds, scenes, games, and tables of speakers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rolethread_store.formats.adapters import RecordOdd
from rolethread_store.model.facts import Character
from tests.formats.adapters.corpora_samples import draft, read, said

Record = dict[str, Any]


def _node(text: str, role: str = "assistant", **more: Any) -> Record:  # noqa: ANN401
    return {"text": text, "role": role, **more}


def test_the_best_ranked_path_of_a_tree_is_the_conversation_and_the_rest_beside_it() -> None:
    lost = _node("Third", rank=2, replies=[_node("And?", "prompter", lang="en")])
    root = _node(
        "Ask",
        "prompter",
        message_id="m",
        lang="en",
        replies=[
            _node("Second", rank=1, parent_id="m"),
            lost,
            _node("First", rank=0, labels={"spam": 0}, replies=[_node("Why?", "prompter")]),
            _node("Unranked"),
            _node("Gone", rank=-1, deleted=True),
        ],
    )
    one = draft("oasst", {"message_tree_id": "t", "tree_state": "s", "prompt": root})
    assert said(one) == [("user", "Ask"), ("assistant", "First"), ("user", "Why?")]
    assert one.extra == {"message_tree_id": "t", "tree_state": "s"}
    asked, best, _ = one.turns
    assert asked.extra == {"message_id": "m", "lang": "en"}
    assert best.extra == {"rank": 0, "labels": {"spam": 0}}
    assert [(other.content, other.extra) for other in best.alternatives] == [
        ("Second", {"rank": 1}),
        ("Third", {"rank": 2, "replies": lost["replies"]}),
        ("Unranked", None),
        ("Gone", {"rank": -1, "deleted": True}),
    ]


def test_without_ranks_the_first_reply_is_taken() -> None:
    root = _node("Ask", "prompter", replies=[_node("One"), _node("Two", "prompter")])
    one = draft("oasst", {"message_tree_id": "t", "prompt": root})
    assert said(one) == [("user", "Ask"), ("assistant", "One")]
    (other,) = one.turns[1].alternatives
    assert (other.content, other.extra) == ("Two", {"role": "prompter"})


def test_interactions_by_side_or_by_role() -> None:
    by_side = {
        "system_prompt": "S",
        "interactions": [{"is_user": True, "text": "U"}, {"is_user": False, "text": "A"}],
    }
    by_role = {
        "interactions": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"},
                         {"role": "assistant", "text": "A", "weight": 0}],
        "available_tools": [{"name": "f"}],
    }  # fmt: skip
    for record in (by_side, by_role):
        assert said(draft("mistral", record)) == [
            ("system", "S"),
            ("user", "U"),
            ("assistant", "A"),
        ]
    assert draft("mistral", by_role).turns[2].weight == 0.0
    assert draft("mistral", by_role).extra == {"tools": [{"name": "f"}]}


def test_gemini_parts_are_text_thoughts_calls_and_results() -> None:
    one = draft(
        "gemini",
        {
            "systemInstruction": {"parts": [{"text": "S"}]},
            "contents": [
                {"parts": [{"text": "U1 "}, {"text": "U2"}]},
                {
                    "role": "model",
                    "parts": [
                        {"text": "Hm.", "thought": True},
                        {"text": "A"},
                        {"functionCall": {"id": "c", "name": "f", "args": {"ü": 2**60}}},
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {"text": "There."},
                        {"function_response": {"id": "c", "name": "f", "response": {"ok": True}}},
                    ],
                },
            ],
        },
    )
    assert said(one) == [
        ("system", "S"),
        ("user", "U1 U2"),
        ("assistant", "A"),
        ("tool", '{"ok": true}'),
        ("user", "There."),
    ]
    arguments = f'{{"ü": {2**60}}}'
    assert one.turns[2].extra == {
        "reasoning_content": "Hm.",
        "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
        ],
    }
    assert (one.turns[3].name, one.turns[3].extra) == ("f", {"tool_call_id": "c"})


def test_gemini_parts_of_other_kinds_stay_together() -> None:
    parts = [{"text": "See:"}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}}]
    one = draft("gemini", {"contents": [{"role": "user", "parts": parts}]})
    assert (one.turns[0].content, one.turns[0].extra) == (None, {"content": parts})


def test_rounds_of_moss_are_in_the_order_of_their_numbers() -> None:
    one = draft(
        "moss",
        {
            "meta_instruction": "M",
            "chat": {
                "turn_10": {"Human": "<|Human|>: ten<eoh>\n", "MOSS": "<|MOSS|>: X<eom>\n"},
                "turn_1": {
                    "Human": "<|Human|>: one<eoh>",
                    "Inner Thoughts": "<|Inner Thoughts|>: look it up<eot>",
                    "Commands": '<|Commands|>: Search("one")<eoc>',
                    "Tool Responses": "<|Results|>: Search => 1<eor>",
                    "MOSS": "<|MOSS|>: I<eom>",
                },
                "turn_2": {"Human": "two", "Commands": "None", "MOSS": "II", "mood": 3},
            },
        },
    )
    assert said(one) == [
        ("system", "M"),
        ("user", "one"),
        ("assistant", 'Search("one")'),
        ("tool", "Search => 1"),
        ("assistant", "I"),
        ("user", "two"),
        ("assistant", "II"),
        ("user", "ten"),
        ("assistant", "X"),
    ]
    assert one.turns[2].extra == {"reasoning_content": "look it up", "part": "commands"}
    assert one.turns[6].extra == {"mood": 3}


PIPPA: Record = {
    "bot_id": "AbCdEfGhIj",
    "bot_name": "Hild",
    "bot_greeting": "Halt, {{user}}!",
    "bot_definitions": "{{char}} counts.",
    "bot_description": "A guard.",
    "categories": ["Guards"],
    "submission_timestamp": 1674000000123,
}
_HUMAN = {"message": "Hm, {{CHAR}}?", "is_human": True}


def test_the_greeting_of_a_bot_comes_first() -> None:
    greeted = {"message": "Halt, {{user}}!", "is_human": False}
    for conversation in ([_HUMAN], [greeted, _HUMAN]):
        reading = read("pippa", {**PIPPA, "conversation": conversation}, user="Ann")
        (one,) = reading.drafts
        assert said(one) == [("assistant", "Halt, Ann!"), ("user", "Hm, Hild?")]
    unnamed = draft("pippa", {**PIPPA, "conversation": [_HUMAN]})
    assert said(unnamed)[0] == ("assistant", "Halt, {{user}}!")
    assert unnamed.turns[0].extra == {"greeting": True}


def test_a_bot_is_a_character_with_its_card() -> None:
    reading = read("pippa", {**PIPPA, "conversation": [_HUMAN]})
    (bot,) = reading.facts
    assert isinstance(bot, Character)
    assert (bot.key, bot.name, bot.description) == ("hild-abcdefgh", "Hild", "A guard.")
    assert json.loads(bot.extra or "")["bot_definitions"] == "{{char}} counts."
    (one,) = reading.drafts
    assert [turn.character for turn in one.turns] == ["hild-abcdefgh", None]
    assert one.tags == ("Guards",)
    assert one.extra is not None
    assert one.extra["submission_timestamp"] == 1674000000123
    other = read("pippa", {**PIPPA, "bot_id": "other", "conversation": [_HUMAN]})
    assert other.facts[0].key == "hild-other"


def test_a_bot_without_a_name_is_no_character() -> None:
    reading = read("pippa", {"conversation": [_HUMAN, {"message": "Yes.", "is_human": False}]})
    assert reading.facts == ()
    assert said(reading.drafts[0]) == [("user", "Hm, {{CHAR}}?"), ("assistant", "Yes.")]


def test_authors_get_their_names_and_marks_become_names() -> None:
    record = {
        "persona": {"<FIRST>": "P1", "<SECOND>": "P2"},
        "names": {"<FIRST>": "Мира", "<SECOND>": "Jo"},
        "scenario": "S",
        "conversation": [
            {"author": "<FIRST>", "message": "<FIRST> saw <SECOND> and <b>."},
            {"author": "<SECOND>", "message": "No."},
        ],
    }
    reading = read("limarp", record)
    (one,) = reading.drafts
    assert said(one) == [("user", "Мира saw Jo and <b>."), ("assistant", "No.")]
    assert [(turn.name, turn.character) for turn in one.turns] == [("Мира", "мира"), ("Jo", "jo")]
    assert [fact.key for fact in reading.facts] == ["мира", "jo"]
    assert one.extra == {key: record[key] for key in ("persona", "names", "scenario")}
    (turned,) = read("limarp", record, "мира").drafts
    assert [turn.role for turn in turned.turns] == ["assistant", "user"]


def test_words_said_together_have_all_names() -> None:
    record = {
        "TURNS": [
            {"NAMES": ["MATT"], "UTTERANCES": ["The gate", "opens."], "NUMBER": 0},
            {"NAMES": ["SAM", "LIAM"], "UTTERANCES": ["We run!"], "NUMBER": 1},
            {"NAMES": [], "UTTERANCES": ["(music)"]},
        ]
    }
    (one,) = read("crd3", record, "matt").drafts
    assert said(one) == [
        ("assistant", "The gate opens."),
        ("user", "We run!"),
        ("assistant", "(music)"),
    ]
    assert [(turn.name, turn.character) for turn in one.turns] == [
        ("MATT", "matt"),
        ("SAM, LIAM", None),
        (None, None),
    ]
    assert one.turns[1].extra == {"number": 1, "speakers": ["SAM", "LIAM"]}
    assert [fact.key for fact in read("crd3", record).facts] == ["matt", "sam", "liam"]


def test_actions_are_the_user_and_responses_the_assistant() -> None:
    data = [{"action": None, "response": "A mill."}, {"action": "> knock", "response": "Who?"}]
    one = draft("clubfloyd", {"name": "Mill", "author": "N.", "data": data})
    assert said(one) == [("assistant", "A mill."), ("user", "> knock"), ("assistant", "Who?")]
    assert one.extra == {"name": "Mill", "author": "N."}


def test_segments_that_are_trained_on_weigh_one() -> None:
    segments = [{"label": False, "text": "<s>U"}, {"label": True, "text": "A</s>"}]
    one = draft("segments", {"segments": segments})
    assert said(one) == [("user", "<s>U"), ("assistant", "A</s>")]
    assert [turn.weight for turn in one.turns] == [0.0, 1.0]


def test_speakers_become_roles_names_and_characters() -> None:
    turns = [
        {"speaker": "花子", "text": "誰?", "time": "3:04"},
        {"text": "(風)"},
        {"speaker": "Борис", "text": "Я."},
    ]
    reading = read("transcript", {"transcript": {"title": "T", "preface": "P", "turns": turns}})
    (one,) = reading.drafts
    assert said(one) == [("user", "誰?"), ("assistant", "(風)"), ("assistant", "Я.")]
    assert [turn.name for turn in one.turns] == ["花子", None, "Борис"]
    assert one.turns[0].extra == {"time": "3:04"}
    assert one.extra == {"title": "T", "preface": "P"}
    assert [(fact.key, getattr(fact, "name", "")) for fact in reading.facts] == [
        ("花子", "花子"),
        ("борис", "Борис"),
    ]


@pytest.mark.parametrize(
    ("name", "record", "reason"),
    [
        (
            "oasst",
            {"message_tree_id": "t", "prompt": _node("a", replies=[1])},
            '"replies" element 0 is not an object',
        ),
        ("oasst", {"message_tree_id": "t", "prompt": {"text": "a"}}, '"role" is missing, not text'),
        ("mistral", {"interactions": [{"is_user": 1, "text": "a"}]}, "does not say who speaks"),
        ("gemini", {"contents": [{"parts": []}]}, '"parts" is empty'),
        ("gemini", {"contents": [{"parts": [{"text": "a"}]}, 3]}, "element 1 is not an object"),
        ("moss", {"chat": {"turn_1": {}, "x": {}}}, '"chat" has "x", which is no round'),
        ("moss", {"chat": {"turn_1": {"Human": ""}}}, "nobody says anything"),
        (
            "pippa",
            {"conversation": [{"message": "a", "is_human": "no"}]},
            "message 0 does not say who wrote it",
        ),
        ("limarp", {"conversation": [{"author": 1, "message": "a"}]}, '"author" is a number'),
        ("crd3", {"TURNS": [{"NAMES": "A", "UTTERANCES": []}]}, 'turn 0: "NAMES" is not a list'),
        ("clubfloyd", {"data": [{"action": "a", "response": None}]}, '"response" is null'),
        ("segments", {"segments": [{"label": 1, "text": "a"}]}, "segment 0 has a label"),
        ("transcript", {"transcript": {"turns": [{"text": None}]}}, '"text" is null, not text'),
    ],
)
def test_what_cannot_be_read_has_a_reason(name: str, record: Record, reason: str) -> None:
    with pytest.raises(RecordOdd) as odd:
        read(name, record)
    assert reason in str(odd.value)
