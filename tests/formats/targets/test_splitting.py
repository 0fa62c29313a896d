"""Splits: shares, stability, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rolethread_store.formats import Splits, SplitsUnclear, parsed_splits
from tests.formats.targets.offering import Offer, chat

_ROWS = "SELECT * REPLACE (CAST(md5(CAST(position AS VARCHAR)) AS UUID) AS entry_id) FROM entries"


def assigned(offer: Offer, splits: Splits, count: int) -> dict[int, str]:
    """Return the split of each of some numbered entries."""
    offer.bench.take_records(
        [chat(("user", str(number)), ("assistant", "a")) for number in range(count)]
    )
    path = offer.bench.folder / "out.jsonl"
    offer.write(path, "chatml", splits=splits, force=True, rows=_ROWS)
    found = {}
    for name in splits.names:
        text = path.with_name(f"out-{name}.jsonl").read_text()
        for line in text.splitlines():
            found[int(json.loads(line)["messages"][0]["content"])] = name
    assert sorted(found) == list(range(count))
    assert not path.exists()
    return found


def test_an_entry_stays_where_it_is_when_others_come(offer: Offer) -> None:
    splits = parsed_splits("train=0.7, val=0.2,test=0.1")
    few, many = assigned(offer, splits, 100), assigned(offer, splits, 2000)
    assert few.items() <= many.items()
    share = [list(many.values()).count(name) / 2000 for name in splits.names]
    assert share == pytest.approx([0.7, 0.2, 0.1], abs=0.04)
    other = assigned(offer, Splits(splits.shares, seed=1), 100)
    assert other != few


def test_the_manifest_tells_of_each_split(offer: Offer, tmp_path: Path) -> None:
    offer.take()
    offer.write(tmp_path / "lf", "llamafactory", splits=parsed_splits("train=0.5,val=0.5"))
    files = {path.name for path in (tmp_path / "lf").iterdir()}
    assert files == {"tavern_train.jsonl", "tavern_val.jsonl", "dataset_info.json",
                     "manifest.json"}  # fmt: skip
    info = json.loads((tmp_path / "lf" / "dataset_info.json").read_text())
    assert set(info) == {"tavern_train", "tavern_val"}
    told = json.loads((tmp_path / "lf" / "manifest.json").read_text())
    assert sum(file.get("records", 0) for file in told["files"]) == told["records"] == 8
    offer.write(tmp_path / "mlx", "mlx", splits=parsed_splits("train=0.5,val=0.5"))
    assert {path.name for path in (tmp_path / "mlx").iterdir()} == {
        "train.jsonl", "valid.jsonl", "manifest.json"
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "train", "train=1,val", "train=0.5,val=0.4", "train=1.5,val=-0.5", "a=0.5,a=0.5",
     "../a=1", "train=x,val=y", "train=nan"],
)  # fmt: skip
def test_splits_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(SplitsUnclear):
        parsed_splits(text)


@pytest.mark.parametrize("text", ["train=0.5,dev=0.5", "val=0.5,valid=0.5"])
def test_splits_that_a_target_has_no_file_for_are_refused(
    offer: Offer, tmp_path: Path, text: str
) -> None:
    offer.take("plain")
    with pytest.raises(SplitsUnclear):
        offer.write(tmp_path / "mlx", "mlx", splits=parsed_splits(text))
    assert not (tmp_path / "mlx").exists()
