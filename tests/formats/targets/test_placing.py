"""Files appear whole or not at all, and nothing that is no export is replaced."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest

from rolethread_store.engine import QueryInvalid
from rolethread_store.formats import (
    ExportPlan,
    FormatUnknown,
    NothingToWrite,
    OutputExists,
    OutputUnwritable,
    Source,
    StreamUnfit,
    chosen_target,
    destination_of,
    export_entries,
    parsed_splits,
)
from tests.formats.targets.offering import ALL, Offer

_FAILING = (
    "SELECT * REPLACE (CASE WHEN position > 1024 THEN error('no') ELSE extra END AS extra) "
    "FROM entries"
)


@pytest.mark.parametrize(("target", "shape"), ALL)
def test_the_manifest_tells_size_and_digest_of_every_file(
    offer: Offer, tmp_path: Path, target: str, shape: str | None
) -> None:
    offer.take()
    folder = tmp_path / "made"
    folder.mkdir()
    outcome = offer.write(folder / "out", target, shape)
    root = folder / "out" if (folder / "out").is_dir() else folder
    told = json.loads(next(root.glob("*manifest.json")).read_text())
    assert told["records"] == outcome.records > 0
    assert told["skipped"] == dict(sorted(outcome.skipped.items()))
    listed = {file["name"] for file in told["files"]}
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert found - listed == {path.name for path in root.glob("*manifest.json")}
    for file in told["files"]:
        content = (root / file["name"]).read_bytes()
        assert file["bytes"] == len(content)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("target", ["axolotl", "llamafactory", "parquet", "hf"])
def test_a_failing_export_leaves_nothing(offer: Offer, tmp_path: Path, target: str) -> None:
    offer.take()
    folder = tmp_path / "made"
    folder.mkdir()
    with pytest.raises(QueryInvalid):
        offer.write(folder / "out", target, rows=_FAILING)
    assert list(folder.iterdir()) == []
    with pytest.raises(OutputUnwritable):
        offer.write(tmp_path / "no" / "such" / "out", target)


@pytest.mark.parametrize("target", ["axolotl", "llamafactory"])
def test_a_failing_export_keeps_what_was_there(offer: Offer, tmp_path: Path, target: str) -> None:
    offer.take()
    folder = tmp_path / "made"
    folder.mkdir()
    offer.write(folder / "out", target)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(QueryInvalid):
        offer.write(folder / "out", target, rows=_FAILING, force=True)
    with pytest.raises(OutputExists):
        offer.write(folder / "out", target)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    offer.take("plain")
    offer.write(folder / "out", target, force=True)
    assert {path for path in folder.rglob("*") if path.is_file()} == set(before)
    assert {path: path.read_bytes() for path in before} != before


def test_force_does_not_replace_a_folder_of_other_things(offer: Offer, tmp_path: Path) -> None:
    offer.take("plain")
    home = tmp_path / "home"
    home.mkdir()
    offer.write(home, "mlx")  # An empty folder may be filled.
    (home / "novel.txt").write_text("precious")
    with pytest.raises(OutputExists, match=r"novel\.txt"):
        offer.write(home, "mlx", force=True)
    (home / "manifest.json").write_text("{not json")
    with pytest.raises(OutputExists):
        offer.write(home, "mlx", force=True)
    assert (home / "novel.txt").read_text() == "precious"
    with pytest.raises(OutputExists):
        offer.write(home / "novel.txt", "mlx", force=True)
    with pytest.raises(OutputExists):
        offer.write(home, "chatml", force=True)


@pytest.mark.parametrize("neighbour", ["out.jsonl.manifest.json", "out.yaml"])
def test_files_beside_are_not_replaced_either(offer: Offer, tmp_path: Path, neighbour: str) -> None:
    offer.take("plain")
    (tmp_path / neighbour).write_text("precious")
    with pytest.raises(OutputExists):
        offer.write(tmp_path / "out.jsonl", "axolotl")
    assert (tmp_path / neighbour).read_text() == "precious"
    assert not (tmp_path / "out.jsonl").exists()


def test_an_export_of_nothing_is_refused(offer: Offer, tmp_path: Path) -> None:
    offer.take("no answer", "empty")
    with pytest.raises(NothingToWrite, match="no assistant turn"):
        offer.write(tmp_path / "out", "alpaca")
    with pytest.raises(NothingToWrite):
        offer.write(tmp_path / "out", "hf", rows="SELECT * FROM entries WHERE false")
    assert [path.name for path in tmp_path.iterdir()] == ["given.jsonl"]


def test_a_stream_takes_one_file_of_records(offer: Offer) -> None:
    offer.take()
    stream = io.BytesIO()
    plan = ExportPlan(chosen_target("axolotl"))
    source = Source("SELECT * FROM entries")
    where = destination_of(stream, plan.target, None)
    outcome = export_entries(offer.bench.session, source, plan, where)
    assert outcome.beside == ()
    assert stream.getvalue().count(b"\n") == outcome.records == 11
    assert outcome.files[0].sha256 == hashlib.sha256(stream.getvalue()).hexdigest()
    with pytest.raises(StreamUnfit):
        destination_of(stream, chosen_target("hf"), None)
    with pytest.raises(StreamUnfit):
        destination_of(stream, plan.target, parsed_splits("a=0.5,b=0.5"))


def test_targets_and_shapes_that_do_not_exist_are_refused() -> None:
    for name, shape in (("prose", None), ("trl", "poems"), ("alpaca", "messages"), ("kto", "")):
        with pytest.raises(FormatUnknown):
            chosen_target(name, shape)
