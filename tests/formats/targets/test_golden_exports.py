"""Every byte of every target, for one crafted dataset.

A change of these files changes what people's trainers read: it must be meant. They are
written anew by ``python -m tests.golden.make_exports``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rolethread_store.formats import chosen_target
from tests.formats.targets.offering import ALL, Offer

GOLDEN = Path(__file__).parents[2] / "golden" / "exports"


def out_name(target: str, shape: str | None) -> str:
    """Return what people would call the file or folder."""
    chosen = chosen_target(target, shape)
    return "tavern" if chosen.folder else f"tavern{chosen.ending}"


def written(path: Path) -> dict[str, bytes]:
    """Return all files of a folder by name; of Parquet the rows, for its bytes are pyarrow's."""
    found = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.suffix == ".parquet":
            rows = pq.read_table(file).to_pylist()
            found[f"{name}.json"] = (json.dumps(rows, indent=1) + "\n").encode()
        elif file.is_file():
            found[name] = file.read_bytes()
    return found


def export_all(offer: Offer, target: str, shape: str | None, folder: Path) -> dict[str, bytes]:
    """Export the crafted dataset and return what was written."""
    offer.take()
    folder.mkdir()
    offer.write(folder / out_name(target, shape), target, shape)
    found = written(folder)
    if target in {"parquet", "hf"}:
        # The size and digest of Parquet are of the version of pyarrow.
        found = {name: text for name, text in found.items() if not name.endswith("manifest.json")}
        found = {name: text for name, text in found.items() if not name.endswith("README.md")}
    return found


@pytest.mark.parametrize(("target", "shape"), ALL)
def test_the_bytes_of_an_export(
    offer: Offer, tmp_path: Path, target: str, shape: str | None
) -> None:
    found = export_all(offer, target, shape, tmp_path / "out")
    expected = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for folder in [GOLDEN / (f"{target}-{shape}" if shape else target)]
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    assert found == expected


@pytest.mark.parametrize(("target", "shape"), ALL)
def test_the_same_entries_give_the_same_bytes(
    offer: Offer, tmp_path: Path, target: str, shape: str | None
) -> None:
    offer.take()
    both = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        offer.write(folder / out_name(target, shape), target, shape)
        both.append(
            {file.relative_to(folder): file.read_bytes()
             for file in folder.rglob("*") if file.is_file()}
        )  # fmt: skip
    assert both[0] == both[1]
