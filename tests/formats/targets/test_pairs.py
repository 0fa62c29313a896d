"""Pairs of answers follow what was edited."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.store import Dataset, Store
from tests.scenes import jsonl


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


ASKED, BETTER, WORSE = said("user", "Who goes?"), said("assistant", "A friend."), "Nobody."
TURNED_DOWN = said("assistant", WORSE)
AFTER = said("user", "Good.")
SHAPES: dict[str, dict[str, Any]] = {
    "texts": {"prompt": "Who goes?", "chosen": "A friend.", "rejected": WORSE},
    "messages": {"prompt": [ASKED], "chosen": [BETTER], "rejected": [TURNED_DOWN]},
    "whole": {"chosen": [ASKED, BETTER], "rejected": [ASKED, TURNED_DOWN]},
    "instruction": {"instruction": "Who goes?", "chosen": "A friend.", "rejected": WORSE},
    "openai": {
        "input": {"messages": [ASKED]},
        "preferred_output": [BETTER],
        "non_preferred_output": [TURNED_DOWN],
    },
    "two transcripts": {
        "chosen": "\n\nHuman: Who goes?\n\nAssistant: A friend.",
        "rejected": "\n\nHuman: Who goes?\n\nAssistant: Nobody.",
    },
    "beside the turns": {
        "messages": [ASKED, BETTER],
        "chosen": [ASKED, BETTER],
        "rejected": [ASKED, TURNED_DOWN],
    },
}


def pair(dataset: Dataset) -> tuple[list[Any], list[Any], list[Any]]:
    out = io.BytesIO()
    dataset.export(out, format="trl", shape="preference")
    (record,) = [json.loads(line) for line in out.getvalue().splitlines()]
    return record["prompt"], record["chosen"], record["rejected"]


@pytest.mark.parametrize("shape", SHAPES)
def test_edits_of_prompt_and_answer_are_in_the_pair(
    fresh_store: Store, tmp_path: Path, shape: str
) -> None:
    dataset = fresh_store.dataset("d")
    dataset.import_file(jsonl(tmp_path / "in.jsonl", [SHAPES[shape]]))
    assert pair(dataset) == ([ASKED], [BETTER], [TURNED_DOWN])
    (entry,) = dataset.page()
    fresh_store.edit(entry.entry_id, message=1, content="Your friend.")
    answer = said("assistant", "Your friend.")
    assert pair(dataset) == ([ASKED], [answer], [TURNED_DOWN])
    fresh_store.edit(entry.entry_id, message=0, content="Who comes?")
    assert pair(dataset) == ([said("user", "Who comes?")], [answer], [TURNED_DOWN])
    fresh_store.undo()
    fresh_store.undo()
    dataset.add_tags(["seen"], entries=[entry.entry_id])
    assert pair(dataset) == ([ASKED], [BETTER], [TURNED_DOWN])


def test_an_answer_of_several_turns(fresh_store: Store, tmp_path: Path) -> None:
    turns = [BETTER, AFTER]
    record = {"prompt": [ASKED], "chosen": [*turns, BETTER], "rejected": [*turns, TURNED_DOWN]}
    dataset = fresh_store.dataset("d")
    dataset.import_file(jsonl(tmp_path / "in.jsonl", [record]))
    assert pair(dataset) == ([ASKED, BETTER, AFTER], [BETTER], [TURNED_DOWN])
    (entry,) = dataset.page()
    for turn in (1, 3):
        fresh_store.edit(entry.entry_id, message=turn, content=f"turn {turn}")
    first, last = said("assistant", "turn 1"), said("assistant", "turn 3")
    assert pair(dataset) == ([ASKED, first, AFTER], [last], [TURNED_DOWN])


def test_a_turn_that_was_another_all_along_is_no_answer(fresh_store: Store, tmp_path: Path) -> None:
    """The field counts in what came so: nobody has edited it."""
    record = {
        "messages": [ASKED, said("assistant", "Hm.")],
        "chosen": "A friend.",
        "rejected": WORSE,
    }
    dataset = fresh_store.dataset("d")
    dataset.import_file(jsonl(tmp_path / "in.jsonl", [record]))
    assert pair(dataset) == ([ASKED], [BETTER], [TURNED_DOWN])
