from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rolethread_store.storage import Disk, Layout, collect_leftovers, new_spill_folder


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "store")
    for folder in layout.folders:
        folder.mkdir()
    return layout


def spill(folder: Path) -> Path:
    folder.mkdir()
    (folder / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"sealed")
    return folder


def of_a_dead_process(layout: Layout) -> Path:
    """Return the spill folder that a process, now gone, would have had."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    machine, _, token = new_spill_folder(layout).name.split("-")
    return layout.spill / f"{machine}-{process.pid}-{token}"


def test_every_session_spills_elsewhere(layout: Layout) -> None:
    folders = {new_spill_folder(layout) for _ in range(100)}
    assert len(folders) == 100
    assert {folder.parent for folder in folders} == {layout.spill}
    assert not any(folder.exists() for folder in folders)


def test_what_the_dead_left_is_removed(layout: Layout) -> None:
    spill(of_a_dead_process(layout))
    (layout.staging / "0123456789abcdef.part").write_bytes(b"half")
    collect_leftovers(layout, Disk(layout.staging))
    assert list(layout.spill.iterdir()) == []
    assert list(layout.staging.iterdir()) == []


def test_what_may_be_in_use_stays(layout: Layout) -> None:
    living = spill(new_spill_folder(layout))
    machine, rest = of_a_dead_process(layout).name.split("-", 1)
    elsewhere = spill(layout.spill / f"{int(machine, 16) ^ 1:08x}-{rest}")
    unknown = spill(layout.spill / "somebody's")
    collect_leftovers(layout, Disk(layout.staging))
    assert sorted(layout.spill.iterdir()) == sorted([living, elsewhere, unknown])


def test_a_failing_disk_is_no_reason_to_refuse(layout: Layout) -> None:
    layout.staging.rmdir()
    layout.spill.rmdir()
    collect_leftovers(layout, Disk(layout.staging))
