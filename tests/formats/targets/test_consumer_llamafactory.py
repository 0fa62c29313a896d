"""LLaMA-Factory's own loader, converters and tokenizing read the folder by its dataset_info."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rolethread_store.store import Store
from tests.formats.targets.consuming import Turns, alternating, filled, turns_of
from tests.formats.targets.llamafactory_run import Factory
from tests.formats.targets.offering import RECORDS

pytestmark = [pytest.mark.deep, pytest.mark.filterwarnings("ignore")]
_ADDED = "detailed thinking off"


def _split(turns: Turns) -> tuple[str, Turns]:
    if turns[0][0] == "system":
        return turns[0][1] or "", turns[1:]
    return "", turns


@pytest.mark.parametrize("shape", ["sharegpt", "openai"])
def test_the_folder_is_the_store(
    fresh_store: Store, tmp_path: Path, factory: Factory, shape: str
) -> None:
    tavern = filled(fresh_store, alternating())
    tavern.export(tmp_path / "lf", "llamafactory", shape=shape)
    stored = [_split(turns) for turns in turns_of(tavern)]
    rows = list(factory.aligned(tmp_path / "lf", "tavern"))
    assert [
        [(one["role"], one["content"]) for one in (*row["_prompt"], *row["_response"])]
        for row in rows
    ] == [turns for _, turns in stored]
    systems = [row["_system"] for row in rows]
    if shape == "sharegpt":
        assert systems == [system for system, _ in stored]
    else:
        # Its converter does so to every record without tools, whatever is written.
        assert systems == [f"{system}\n{_ADDED}" if system else _ADDED for system, _ in stored]


@pytest.mark.parametrize("shape", ["sharegpt", "openai"])
def test_every_answer_is_trained(
    fresh_store: Store, tmp_path: Path, factory: Factory, shape: str
) -> None:
    tavern = filled(fresh_store, alternating())
    tavern.export(tmp_path / "lf", "llamafactory", shape=shape)
    expected = [[text for role, text in turns if role == "assistant"] for turns in turns_of(tavern)]
    assert factory.trained(tmp_path / "lf", "tavern") == expected


def test_splits_are_datasets(fresh_store: Store, tmp_path: Path, factory: Factory) -> None:
    tavern = filled(fresh_store, alternating(60))
    report = tavern.export(tmp_path / "lf", "llamafactory", split="train=0.7,val=0.3")
    info = json.loads((tmp_path / "lf" / "dataset_info.json").read_text())
    counts = [len(factory.aligned(tmp_path / "lf", name)) for name in info]
    assert list(info) == ["tavern_train", "tavern_val"]
    assert sum(counts) == report.records == 60
    assert all(counts)


@pytest.mark.parametrize("shape", ["sharegpt", "openai"])
def test_calls_and_tools_are_read(
    fresh_store: Store, tmp_path: Path, factory: Factory, shape: str
) -> None:
    called = [RECORDS["calls"], RECORDS["sharegpt calls"], RECORDS["plain"]]
    filled(fresh_store, called).export(tmp_path / "lf", "llamafactory", shape=shape)
    rows = list(factory.aligned(tmp_path / "lf", "tavern"))
    roles = [[one["role"] for one in (*row["_prompt"], *row["_response"])] for row in rows]
    assert roles[0] == roles[1] == ["user", "function", "observation", "assistant"]
    for row in rows[:2]:
        call = json.loads(row["_prompt"][1]["content"])
        [call] = call if isinstance(call, list) else [call]
        arguments = call["arguments"]
        assert call["name"] == "dice"
        assert (json.loads(arguments) if isinstance(arguments, str) else arguments) == {"sides": 6}
        tools = json.loads(row["_tools"])
        assert [tool.get("function", tool)["name"] for tool in tools] == ["dice"]
    assert rows[2]["_tools"] == ""


def test_what_was_allowed_is_still_taken_whole(
    fresh_store: Store, tmp_path: Path, factory: Factory
) -> None:
    tavern = filled(fresh_store, list(RECORDS.values()))
    report = tavern.export(
        tmp_path / "lf", "llamafactory", allow=True, greeting_first="stub", system="merge",
        ending="trim",
    )  # fmt: skip
    trained = factory.trained(tmp_path / "lf", "tavern")
    assert len(trained) == report.records >= 10
    assert all(trained)


def test_alpaca_by_a_dataset_info_of_one_s_own(
    fresh_store: Store, tmp_path: Path, factory: Factory
) -> None:
    tavern = filled(fresh_store, alternating())
    tavern.export(tmp_path / "own.jsonl", "alpaca")
    columns = {"prompt": "instruction", "query": "input", "response": "output",
               "system": "system", "history": "history"}  # fmt: skip
    (tmp_path / "dataset_info.json").write_text(
        json.dumps({"own": {"file_name": "own.jsonl", "columns": columns}})
    )
    rows = list(factory.aligned(tmp_path, "own"))
    assert [
        (row["_system"],
         [(one["role"], one["content"]) for one in (*row["_prompt"], *row["_response"])])
        for row in rows
    ] == [_split(turns) for turns in turns_of(tavern)]  # fmt: skip
