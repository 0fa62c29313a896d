"""Hugging Face's ``load_dataset`` reads what is exported, and finds what the store holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from rolethread_store.formats.first_block import FieldsLate
from rolethread_store.store import Store
from tests.formats.targets.consuming import (
    SHAPES_OF_CHATS,
    Module,
    Turns,
    alternating,
    filled,
    pairs,
    pruned,
    record_file,
    spoken,
    turns_of,
)
from tests.formats.targets.offering import RECORDS

pytestmark = [pytest.mark.deep, pytest.mark.filterwarnings("ignore")]


def loaded(datasets: Module, kind: str, files: object, folder: Path, **more: object) -> Module:
    return datasets.load_dataset(
        kind, data_files=files, cache_dir=str(folder / "cache"), split="train", **more
    )


@pytest.mark.parametrize(("target", "shape"), SHAPES_OF_CHATS)
def test_lines_are_the_store_in_order(
    fresh_store: Store,
    tmp_path: Path,
    datasets: Module,
    target: str,
    shape: str | None,
) -> None:
    tavern = filled(fresh_store, alternating())
    tavern.export(tmp_path / "out.jsonl", target, shape=shape)
    file = record_file(tmp_path / "out.jsonl")
    rows = list(loaded(datasets, "json", str(file), tmp_path))
    assert [spoken(row) for row in rows] == turns_of(tavern)
    lines = file.read_text(encoding="utf-8").split("\n")[:-1]
    assert [pruned(row) for row in rows] == [pruned(json.loads(line)) for line in lines]


@pytest.mark.parametrize(
    ("target", "shape"), [("trl", "preference"), ("kto", None), ("openai-preference", None)]
)
def test_pairs_are_read(
    fresh_store: Store,
    tmp_path: Path,
    datasets: Module,
    target: str,
    shape: str | None,
) -> None:
    given = pairs()
    filled(fresh_store, given).export(tmp_path / "out.jsonl", target, shape=shape)
    rows = [pruned(row) for row in loaded(datasets, "json", str(tmp_path / "out.jsonl"), tmp_path)]
    if target == "trl":
        assert rows == given
    elif target == "kto":
        assert rows == [
            {"prompt": one["prompt"], "completion": one[side], "label": side == "chosen"}
            for one in given
            for side in ("chosen", "rejected")
        ]
    else:
        assert rows == [
            {"input": {"messages": one["prompt"]}, "preferred_output": one["chosen"],
             "non_preferred_output": one["rejected"]}
            for one in given
        ]  # fmt: skip


def test_a_record_of_every_kind_is_read(
    fresh_store: Store,
    tmp_path: Path,
    datasets: Module,
) -> None:
    tavern = filled(fresh_store, list(RECORDS.values()))
    for target, shape in (
        *SHAPES_OF_CHATS, ("trl", "preference"), ("kto", None), ("openai-preference", None)
    ):  # fmt: skip
        out = tmp_path / f"{target}-{shape}"
        report = tavern.export(out, target, shape=shape, clean=True, allow=True)
        file = record_file(out)
        rows = [pruned(row) for row in loaded(datasets, "json", str(file), tmp_path)]
        lines = file.read_text(encoding="utf-8").split("\n")[:-1]
        assert rows == [pruned(json.loads(line)) for line in lines], target
        assert len(rows) == report.records


@pytest.mark.parametrize("clean", [True, False])
def test_parquet_is_nested_rows(
    fresh_store: Store,
    tmp_path: Path,
    datasets: Module,
    clean: bool,
) -> None:
    given = alternating()
    given[3]["messages"][0]["name"] = "Rex"
    given[5]["messages"][1]["weight"] = 0
    given[7]["tags"] = ["night", "rain"]
    tavern = filled(fresh_store, given)
    tavern.export(tmp_path / "out.parquet", "parquet", clean=clean)
    rows = list(loaded(datasets, "parquet", str(tmp_path / "out.parquet"), tmp_path))
    assert [spoken(row) for row in rows] == turns_of(tavern)
    if not clean:
        assert rows[3]["messages"][0]["name"] == "Rex"
        assert rows[5]["messages"][1]["weight"] == 0
        assert rows[7]["tags"] == ["night", "rain"]
        assert [row["entry_id"] for row in rows] == [
            str(entry.entry_id) for entry in tavern.page(100)
        ]


@pytest.mark.parametrize("split", [None, "train=0.6,validation=0.2,test=0.2"])
def test_a_hub_folder_is_read_by_its_card(
    fresh_store: Store,
    tmp_path: Path,
    datasets: Module,
    split: str | None,
) -> None:
    tavern = filled(fresh_store, alternating(60))
    report = tavern.export(tmp_path / "hub", "hf", clean=True, split=split)
    found = datasets.load_dataset(str(tmp_path / "hub"), cache_dir=str(tmp_path / "cache"))
    names = ["train"] if split is None else ["train", "validation", "test"]
    assert list(found) == names
    rows = [spoken(row) for name in names for row in found[name]]
    stored = turns_of(tavern)
    assert len(rows) == report.records == len(stored) == 60
    if split is None:
        assert rows == stored
    for name in names:
        places = _places([spoken(row) for row in found[name]], stored)
        assert places == sorted(places)
    text = (tmp_path / "hub" / "README.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    assert [one["split"] for one in front["configs"][0]["data_files"]] == names
    assert front["size_categories"] == ["n<1K"]
    hub = pytest.importorskip("huggingface_hub")
    assert hub.DatasetCard(text).data.to_dict()["configs"] == front["configs"]


def _places(rows: list[Turns], stored: list[Turns]) -> list[int]:
    """Return where each row stands in the store; every system turn has a number of its own."""
    found, place = [], 0
    for row in rows:
        place = stored.index(row, place)
        found.append(place)
        place += 1
    return found


def test_csv_of_turns_and_entries(
    fresh_store: Store,
    tmp_path: Path,
    datasets: Module,
) -> None:
    tavern = filled(fresh_store, alternating())
    stored = turns_of(tavern)
    tavern.export(tmp_path / "turns.csv", "csv", shape="turns", clean=True)
    tavern.export(tmp_path / "entries.csv", "csv", shape="entries", clean=True)
    # Without it, pandas takes the texts “NA” and “null” for missing values.
    as_it_stands = {"keep_default_na": False}
    turns = loaded(datasets, "csv", str(tmp_path / "turns.csv"), tmp_path, **as_it_stands)
    assert [(row["role"], row["content"]) for row in turns] == [
        turn for entry in stored for turn in entry
    ]
    assert [row["turn"] for row in turns] == [
        place for entry in stored for place in range(1, len(entry) + 1)
    ]
    entries = loaded(datasets, "csv", str(tmp_path / "entries.csv"), tmp_path, **as_it_stands)
    assert [
        [(one["role"], one["content"]) for one in json.loads(row["messages"])] for row in entries
    ] == stored


def test_a_transcript_is_text(
    fresh_store: Store,
    tmp_path: Path,
    datasets: Module,
) -> None:
    tavern = filled(fresh_store, [{"messages": [
        {"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."},
    ]}] * 3)  # fmt: skip
    tavern.export(tmp_path / "out.txt", "transcript")
    read = loaded(datasets, "text", str(tmp_path / "out.txt"), tmp_path, sample_by="document")
    assert "".join(read["text"]) == (tmp_path / "out.txt").read_text()
    assert read["text"][0].count("User: Who?\n\nAssistant: Me.\n\n* * *\n\n") == 3


_LONG = "x" * 9000
_CALL = {"id": "c-1", "type": "function", "function": {"name": "dice", "arguments": "{}"}}
_TOOLS = [{"type": "function", "function": {"name": "dice", "parameters": {"type": "object"}}}]


def _chat(text: str = _LONG, **fields: object) -> dict[str, object]:
    turn = {"role": "assistant", "content": text, **fields}
    return {"messages": [{"role": "user", "content": "And?"}, turn]}


@pytest.mark.parametrize(
    ("first", "late", "refused"),
    [
        (_chat(), _chat("Late."), False),
        (_chat(), _chat("Late.", name="Rex"), True),
        (_chat(), _chat("", tool_calls=[_CALL]), True),
        (_chat(), {**_chat("Late."), "tools": _TOOLS}, True),
        (_chat(), _chat([{"type": "text", "text": "a"}, {"type": "image"}]), True),  # type: ignore[arg-type]
        (_chat(name="Rex"), _chat("", tool_calls=[_CALL]), False),
        (_chat(name="Rex"), {**_chat("Late."), "tools": _TOOLS}, True),
    ],
)
def test_a_field_that_comes_late_is_refused_where_the_loader_fails(
    fresh_store: Store,
    tmp_path: Path,
    datasets: Module,
    first: dict[str, object],
    late: dict[str, object],
    refused: bool,
) -> None:
    given = [*[first] * 1300, *[late] * 3]
    tavern = filled(fresh_store, given)
    out = tmp_path / "out.jsonl"
    if refused:
        with pytest.raises(FieldsLate):
            tavern.export(out, "trl")
        assert not out.exists()
    tavern.export(out, "trl", allow=refused)
    assert out.stat().st_size > 11_000_000
    try:
        rows = [pruned(row) for row in loaded(datasets, "json", str(out), tmp_path)]
        failed = rows != given
    except datasets.exceptions.DatasetGenerationError:
        failed = True
    assert failed is refused
