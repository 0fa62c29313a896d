"""Pairs of answers follow what was edited."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Unpack

import pytest

from rolethread_store.formats import NothingToWrite
from rolethread_store.store import Dataset, Store
from rolethread_store.store.leaving import ExportOptions
from tests.scenes import jsonl

Record = dict[str, Any]
Turns = list[dict[str, str]]


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


ASKED, BETTER, WORSE = said("user", "Who goes?"), said("assistant", "A friend."), "Nobody."
TURNED_DOWN = said("assistant", WORSE)
AFTER = said("user", "Good.")
SHAPES: dict[str, Record] = {
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


def written(
    dataset: Dataset, target: str, **options: Unpack[ExportOptions]
) -> list[dict[str, Any]]:
    out = io.BytesIO()
    dataset.export(out, format=target, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def pair(
    dataset: Dataset, **options: Unpack[ExportOptions]
) -> tuple[list[Any], list[Any], list[Any]]:
    options["shape"] = "preference"
    (record,) = written(dataset, "trl", **options)
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


LONG = [ASKED, said("assistant", "I."), said("user", "And who is that?")]


def test_only_the_last_answer_is_the_better_one(fresh_store: Store, tmp_path: Path) -> None:
    """Unrolled, the answers before it were given to other questions."""
    records: list[Record] = [
        {"prompt": LONG, "chosen": [BETTER], "rejected": [TURNED_DOWN]},
        {"messages": LONG, "chosen": "A friend.", "rejected": WORSE},
    ]
    for number, record in enumerate(records):
        dataset = fresh_store.dataset(f"d{number}")
        dataset.import_file(jsonl(tmp_path / f"{number}.jsonl", [record]))
        assert pair(dataset) == (LONG, [BETTER], [TURNED_DOWN])
    assert pair(fresh_store.dataset("d0"), unroll=True) == (LONG, [BETTER], [TURNED_DOWN])
    with pytest.raises(NothingToWrite):
        pair(fresh_store.dataset("d1"), unroll=True)


def test_a_label_is_of_the_last_answer(fresh_store: Store, tmp_path: Path) -> None:
    records: list[Record] = [
        {"messages": [*LONG, BETTER], "label": True, "n": 1},
        {"messages": [*LONG, BETTER], "label": "calm"},
    ]
    dataset = fresh_store.dataset("d")
    dataset.import_file(jsonl(tmp_path / "in.jsonl", records))
    (one,) = written(dataset, "kto", unroll=True, allow=True)
    assert (one["prompt"], one["completion"], one["label"]) == (LONG, [BETTER], True)
    lines = written(dataset, "chatml", unroll=True)
    assert [(line.get("label"), line.get("n")) for line in lines] == [
        (None, 1), (True, 1), ("calm", None), ("calm", None),
    ]  # fmt: skip


def test_names_stand_before_both_answers(fresh_store: Store, tmp_path: Path) -> None:
    named = {"name": "Mo"}
    answered = fresh_store.dataset("answered")
    pairs = {"prompt": [ASKED], "chosen": [BETTER | named], "rejected": [TURNED_DOWN | named]}
    answered.import_file(jsonl(tmp_path / "pairs.jsonl", [pairs]))
    swiped = fresh_store.dataset("swiped")
    lines: list[Record] = [
        {"user_name": "You", "character_name": "Mo", "create_date": "2024"},
        {"name": "You", "is_user": True, "mes": "Who goes?", "send_date": "x"},
        {"name": "Mo", "mes": "A friend.", "swipes": ["A friend.", WORSE], "swipe_id": 0},
    ]
    swiped.import_file(jsonl(tmp_path / "swiped.jsonl", lines))
    answers = [said("assistant", "Mo: A friend.")], [said("assistant", f"Mo: {WORSE}")]
    assert pair(answered, names="prefix") == ([ASKED], *answers)
    assert pair(swiped, names="prefix") == ([said("user", "You: Who goes?")], *answers)
