"""A store whose making is cut short is a whole store or none, and can be made again."""

from __future__ import annotations

from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.clock import SystemClock
from rolethread_store.crypto import floor_params
from rolethread_store.errors import NotFound
from rolethread_store.store import opening
from rolethread_store.testing.recording import Recorded, Recorder, Tree
from rolethread_store.testing.replaying import crashes
from tests.scenes import PASSPHRASE

KDF = floor_params()
"""One salt for all, so that each passphrase is stretched once."""


def made(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Tree, list[Recorded]]:
    """Make a store on a recording disk; return what was there before, and the record."""
    path.parent.mkdir()
    recorder = Recorder(path.parent)
    base = Tree.of(path.parent)
    with monkeypatch.context() as patch:
        patch.setattr(opening, "Disk", recorder.disk)
        opening.make_store(path, PASSPHRASE, SystemClock(), KDF)
    return base, recorder.operations


def test_init_cut_short_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, operations = made(tmp_path / "made" / "store", monkeypatch)
    looked_at = whole = 0
    for left in crashes(base, operations, 1):
        root = tmp_path / f"{looked_at:04d}"
        root.mkdir()
        left.tree.write_to(root)
        looked_at += 1
        path = root / "store"
        try:
            store = rolethread_store.open(path, passphrase=PASSPHRASE)
            whole += 1
        except NotFound:
            assert left.after < len(operations), "an acknowledged store is not there"
            store = rolethread_store.create(path, passphrase=PASSPHRASE, kdf=KDF)
        with store:
            store.add_remote("stick", "file:///nowhere")
        with rolethread_store.open(path, passphrase=PASSPHRASE) as again:
            assert [item.summary for item in again.log()] == ["add remote stick"]
    assert looked_at > 60
    assert whole > 2


@pytest.mark.parametrize("extra", ["notes.txt", "keys/notes.txt", "log/x", "segments/x", "STORE"])
def test_a_folder_with_anything_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    """Also a store that lost its header: its log and segments may be all there is of it."""
    made(tmp_path / "made" / "store", monkeypatch)
    path = tmp_path / "made" / "store"
    (path / "STORE").unlink()
    (path / extra).write_text("mine")
    before = Tree.of(path)
    with pytest.raises(opening.FolderNotEmpty):
        rolethread_store.create(path, passphrase=PASSPHRASE, kdf=KDF)
    assert Tree.of(path).digest() == before.digest()
