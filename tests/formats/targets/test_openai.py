"""OpenAI gets the keys that it knows; the rules are those of its own cookbook's checker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.store import Store
from tests.scenes import jsonl

CALL = {"id": "c1", "type": "function", "function": {"name": "roll", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "roll", "parameters": {}}}
# "Data preparation and analysis for chat model fine-tuning"; tools and the roles that carry
# them are from the API's reference, which is younger.
KEYS = {"role", "content", "name", "weight", "function_call", "tool_calls", "tool_call_id"}
TOP = {"messages", "tools", "parallel_tool_calls"}
ROLES = {"system", "developer", "user", "assistant", "tool", "function"}


def checked(record: dict[str, Any]) -> dict[str, Any]:
    assert record.keys() <= TOP
    for message in record["messages"]:
        assert message.keys() <= KEYS, "message_unrecognized_key"
        assert message["role"] in ROLES, "unrecognized_role"
        called = message.get("tool_calls") or message.get("function_call")
        assert message["content"] or called, "missing_content"
    return record


def exported(store: Store, folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Return the one record as it goes to OpenAI, from ten of them."""
    tavern = store.dataset("tavern")
    tavern.import_file(jsonl(folder / "given.jsonl", [{**record, "n": n} for n in range(10)]))
    tavern.export(folder / "out.jsonl", "openai")
    lines = (folder / "out.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 10
    found = [checked(json.loads(line)) for line in lines]
    assert all(one == found[0] for one in found)
    return found[0]


def test_what_only_the_source_knows_stays_behind(fresh_store: Store, tmp_path: Path) -> None:
    given = {
        "messages": [
            {"role": "user", "content": "hi", "mood": "glad", "character": "Ann"},
            {"role": "assistant", "content": "yo", "name": "Rex", "alternatives": ["ya"]},
        ],
        "tags": ["t"],
        "id": 1,
        "chosen": [],
    }
    assert exported(fresh_store, tmp_path, given) == {
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "yo", "name": "Rex"},
        ]
    }


def test_weights_calls_tools_and_its_own_roles_are_written(
    fresh_store: Store, tmp_path: Path
) -> None:
    given = {
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Roll."}]},
            {"role": "assistant", "content": None, "tool_calls": [CALL], "weight": 0},
            {"role": "tool", "content": "4", "tool_call_id": "c1"},
            {"role": "assistant", "content": "Four.", "weight": 1},
            {"role": "assistant", "content": None,
             "function_call": {"name": "roll", "arguments": "{}"}},
            {"role": "function", "name": "roll", "content": "5"},
            {"role": "assistant", "content": "Five."},
        ],
        "tools": [TOOL],
        "parallel_tool_calls": False,
    }  # fmt: skip
    assert exported(fresh_store, tmp_path, given) == given


@pytest.mark.parametrize("tools", [json.dumps([TOOL]), json.dumps([TOOL["function"]])])
def test_calls_of_sharegpt_become_its_own(fresh_store: Store, tmp_path: Path, tools: str) -> None:
    given = {
        "conversations": [
            {"from": "human", "value": "Roll."},
            {"from": "function_call", "value": '{"name": "roll", "arguments": {"n": 6}}'},
            {"from": "observation", "value": "4"},
            {"from": "gpt", "value": "Four."},
        ],
        "tools": tools,
    }
    found = exported(fresh_store, tmp_path, given)
    user, called, answer, last = found["messages"]
    assert found["tools"] == [TOOL]
    assert (user["role"], last["content"]) == ("user", "Four.")
    call = called["tool_calls"][0]
    assert json.loads(call["function"]["arguments"]) == {"n": 6}
    assert answer == {"role": "tool", "content": "4", "tool_call_id": call["id"]}
