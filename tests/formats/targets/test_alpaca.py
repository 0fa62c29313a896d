"""Alpaca in, Alpaca out: the same values, and an instruction keeps its input apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rolethread_store.store import Store
from tests.scenes import jsonl

RECORDS: list[dict[str, Any]] = [
    {"instruction": "Translate.", "input": "Haus", "output": "house"},
    {"instruction": "Greet.", "input": "", "output": "Hello.", "id": 7, "tags": ["short"]},
    {"output": "Yes.", "instruction": "Is it\n\nraining?"},
    {"instruction": "And now?", "input": "Look out.", "output": "It stopped.", "system": "Brief.",
     "history": [["Is it raining?", "Yes."]]},
]  # fmt: skip


def exported(store: Store, path: Path, **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    store.dataset("d").export(path, "alpaca", force=True, **options)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_untouched_records_have_the_same_values(fresh_store: Store, tmp_path: Path) -> None:
    fresh_store.dataset("d").import_file(jsonl(tmp_path / "in.jsonl", RECORDS))
    assert exported(fresh_store, tmp_path / "out.jsonl") == RECORDS


def test_a_trainer_gets_every_key_and_the_input_apart(fresh_store: Store, tmp_path: Path) -> None:
    response = {"instruction": "Say it.", "input": "Loud.", "response": "IT."}
    fresh_store.dataset("d").import_file(jsonl(tmp_path / "in.jsonl", [*RECORDS, response]))
    lines = exported(fresh_store, tmp_path / "out.jsonl", clean=True)
    assert {tuple(line) for line in lines} == {
        ("instruction", "input", "output", "system", "history")
    }
    assert [(line["instruction"], line["input"], line["output"]) for line in lines] == [
        ("Translate.", "Haus", "house"),
        ("Greet.", "", "Hello."),
        ("Is it\n\nraining?", "", "Yes."),
        ("And now?", "Look out.", "It stopped."),
        ("Say it.", "Loud.", "IT."),
    ]


def test_an_edit_where_they_were_joined_leaves_one_question(
    fresh_store: Store, tmp_path: Path
) -> None:
    dataset = fresh_store.dataset("d")
    dataset.import_file(jsonl(tmp_path / "in.jsonl", RECORDS[:1]))
    entry = dataset.page(1)[0]
    fresh_store.edit(entry.entry_id, message=0, content="Translate “Haus”.")
    for clean in (False, True):
        (line,) = exported(fresh_store, tmp_path / "out.jsonl", clean=clean)
        assert (line["instruction"], line["input"]) == ("Translate “Haus”.", "")
