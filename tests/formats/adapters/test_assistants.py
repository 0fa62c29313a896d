"""Exports of ChatGPT, Claude and Open WebUI: trees, tools, thoughts, what was hidden."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rolethread_store.formats.adapters import Draft, ReadingOptions, RecordOdd
from tests.formats.sampling import SAMPLES, adapter, readings, records


def only(name: str, file: str, at: int = 0) -> Draft:
    (draft,) = readings(name, file)[at].drafts
    return draft


def extras(draft: Draft, at: int) -> dict[str, Any]:
    return dict(draft.turns[at].extra or {})


def test_chatgpt_takes_the_path_to_the_current_node() -> None:
    draft = only("chatgpt", "conversations.json")
    assert [(turn.role, turn.content) for turn in draft.turns] == [
        ("user", "Describe the harbour."),
        ("assistant", "Lamps tremble on black water."),
        ("user", "What is in this picture?"),
        ("assistant", None),
        ("tool", "A quay is a wharf."),
        ("assistant", None),
        ("tool", "42\n"),
        ("assistant", "A quay, and forty-two gulls 🕊."),
    ]
    assert draft.extra == {
        "title": "A harbour at night",
        "conversation_id": "c-harbour",
        "model": "lantern-5",
        "is_archived": False,
        "created_at": "2026-01-02T03:04:05.123Z",
        "updated_at": "2026-01-02T04:04:05Z",
        "user_editable_context": {
            "user_profile": "I write sea stories.",
            "user_instructions": "Keep it short.",
        },
    }


def test_chatgpt_keeps_regenerations_and_edits_with_what_followed_them() -> None:
    draft = only("chatgpt", "conversations.json")
    (regenerated,) = draft.turns[1].alternatives
    assert regenerated.content == "Masts and fog."
    told = dict(regenerated.extra or {})
    assert told["model"] == "lantern-4"
    assert [(one["role"], one["content"], one["parent"]) for one in told["replies"]] == [
        ("user", "More fog.", "a1"),
        ("assistant", "Fog, fog, fog.", "u2"),
    ]
    (edited,) = draft.turns[2].alternatives
    assert edited.content == "How deep is it?"
    assert [one["content"] for one in (edited.extra or {})["replies"]] == ["Nine fathoms."]


def test_chatgpt_thoughts_tools_and_assets() -> None:
    draft = only("chatgpt", "conversations.json")
    assert extras(draft, 1)["reasoning_content"] == "Mood\nSalt and lamplight."
    assert extras(draft, 2)["assets"][0]["asset_pointer"] == "sediment://file_00000000abc"
    assert extras(draft, 2)["attachments"][0]["name"] == "quay.png"
    search, code = extras(draft, 3)["tool_calls"][0], extras(draft, 5)["tool_calls"][0]
    assert search["function"] == {"name": "web.search", "arguments": '{"query":"quay"}'}
    assert extras(draft, 4)["tool_call_id"] == search["id"]
    assert json.loads(code["function"]["arguments"]) == {"input": "print(6 * 7)"}
    assert extras(draft, 6)["tool_call_id"] == code["id"]


def test_chatgpt_hidden_messages_are_kept_beside_the_turns() -> None:
    def message(role: str, text: str, **metadata: bool) -> dict[str, Any]:
        content = {"content_type": "text", "parts": [text]}
        return {"author": {"role": role}, "content": content, "metadata": metadata, "weight": 0.0}

    hidden = message("system", "Secret rule.", is_visually_hidden_from_conversation=True)
    record = {
        "mapping": {
            "s": {"parent": None, "children": ["u"], "message": hidden},
            "u": {"parent": "s", "children": [], "message": message("user", "Hi")},
        },
        "current_node": "u",
    }
    (draft,) = adapter("chatgpt").read(record, ReadingOptions()).drafts
    assert [turn.content for turn in draft.turns] == ["Hi"]
    assert extras(draft, 0)["source_weight"] == 0.0
    assert draft.turns[0].weight is None, "what the model saw says nothing of training"
    assert (draft.extra or {})["hidden"] == [
        {"id": "s", "role": "system", "content": "Secret rule."}
    ]


def test_chatgpt_unknown_contents_are_not_lost_from_sight() -> None:
    content = {"content_type": "holo", "shape": {"sides": 4}}
    message = {"author": {"role": "assistant"}, "content": content}
    node: dict[str, Any] = {"parent": None, "children": [], "message": message}
    record: dict[str, Any] = {"mapping": {"a": node}}
    (draft,) = adapter("chatgpt").read(record, ReadingOptions()).drafts
    assert draft.turns[0].content is None
    assert extras(draft, 0)["content"] == content


@pytest.mark.parametrize("name", ["chatgpt", "claude"])
def test_conversations_in_one_object_are_one_draft_each(name: str) -> None:
    file = {"chatgpt": "conversations.json", "claude": "linear.jsonl"}[name]
    whole = readings(name, file)
    from_one = adapter(name).read(_wrapped(name, file), ReadingOptions())
    assert from_one.drafts == tuple(draft for one in whole for draft in one.drafts)


def _wrapped(name: str, file: str) -> dict[str, Any]:
    empty: dict[str, dict[str, Any]] = {
        "chatgpt": {"mapping": {"a": {"parent": None, "children": []}}},
        "claude": {"uuid": "x", "chat_messages": []},
    }
    return {"conversations": [*records(SAMPLES / name / file), empty[name]]}


def test_a_conversation_without_a_word_is_odd() -> None:
    node: dict[str, Any] = {"parent": None, "children": [], "message": None}
    with pytest.raises(RecordOdd, match="no message"):
        adapter("chatgpt").read({"mapping": {"a": node}}, ReadingOptions())
    with pytest.raises(RecordOdd, match="no message"):
        adapter("claude").read({"uuid": "x", "chat_messages": []}, ReadingOptions())


def test_claude_blocks_become_turns_as_trainers_write_them() -> None:
    draft = only("claude", "conversations.json")
    assert [(turn.role, turn.content) for turn in draft.turns] == [
        ("user", "Read my notes."),
        ("assistant", "Someone hid the key."),
        ("tool", "OK"),
        ("assistant", "I wrote the scene down."),
        ("user", "Who hid it?"),
        ("assistant", "The apprentice."),
    ]
    called = extras(draft, 1)
    assert called["reasoning_content"] == "The key matters."
    assert called["tool_calls"][0]["id"] == extras(draft, 2)["tool_call_id"]
    assert json.loads(called["tool_calls"][0]["function"]["arguments"]) == {"title": "Scene"}
    assert extras(draft, 0)["attachments"][0]["extracted_content"] == "Brass wheels. No key."
    assert extras(draft, 0)["files"] == ["sketch.png"]
    (other,) = draft.turns[1].alternatives
    assert other.content == "A clock without a key."
    assert (draft.extra or {})["title"] == "The clockmaker"


def test_claude_without_a_tree_is_a_row() -> None:
    first, second = (one.drafts[0] for one in readings("claude", "linear.jsonl"))
    assert [turn.content for turn in first.turns] == ["Hello there", "General greetings."]
    assert [turn.content for turn in second.turns] == ["Left or right?", "Left."]
    assert not any(turn.alternatives for turn in (*first.turns, *second.turns))


def test_open_webui_reads_the_tree_and_not_the_copy_of_a_path() -> None:
    draft = only("open-webui", "chat-export.json")
    assert [(turn.role, turn.content) for turn in draft.turns] == [
        ("system", "You are a forest."),
        ("user", "Who are you?"),
        ("assistant", "I am the elm."),
        ("user", "How old?"),
        ("assistant", "Ninety rings."),
    ]
    (oak,) = draft.turns[2].alternatives
    assert (oak.content, (oak.extra or {})["model"]) == ("I am the oak.", "oak")
    assert draft.tags == ("trees", "forest")
    assert (draft.extra or {})["models"] == ["oak", "elm"]
    old = only("open-webui", "chat-export.json", 1)
    assert [turn.content for turn in old.turns] == ["Plain?", "Plain."]
