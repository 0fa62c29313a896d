"""No nonce is used twice under its key: not after a crash, not in two copies of a store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rolethread_store.changelog import LogWriter
from rolethread_store.crypto import Secret, aead
from rolethread_store.errors import Unavailable
from rolethread_store.testing.disk import Fault, FaultyDisk
from rolethread_store.testing.nonces import counted_seals
from rolethread_store.testing.replaying import crashes
from rolethread_store.testing.workflows import WORKFLOWS, Place, perform
from tests.crash.crash_states import edit_once_more


def test_the_count_finds_a_repetition() -> None:
    key = Secret(bytes(32))
    with counted_seals() as count:
        for nonce in range(3):
            aead.seal(key, nonce, b"one text", b"")
    count.limit = 2
    with pytest.raises(AssertionError, match="sealed 3"):
        count.require_sound()
    count.note(*next(iter(count.seen)))
    with pytest.raises(AssertionError, match="twice"):
        count.require_sound()
    assert aead.observers == []


def test_across_workflows_and_crashes(place: Place) -> None:
    """One process's life, a crash, and the next one's edits under the same root key."""
    with counted_seals() as count:
        for name in ("edits", "checkpoint", "two imports", "killed and reopened"):
            run = perform(place, WORKFLOWS[name])
            for number, left in enumerate(crashes(run.base, run.operations, 5)):
                if number % 8 == 0:
                    place.lay_down(left.tree)
                    edit_once_more(place)
    assert count.seals > 150


def test_two_copies_of_a_folder_go_on_apart(place: Place, tmp_path: Path) -> None:
    """Both know the same keys and write the next log file, of the same number, each its own."""
    run = perform(place, WORKFLOWS["edits"])
    place.lay_down(run.base)
    with counted_seals() as count, Place(tmp_path / "twin", place.setting) as twin:
        shutil.copytree(place.root, twin.root)
        for here in (place, twin) * 5:
            edit_once_more(here)
            here.current.checkpoint()
            here.reopen()
    assert count.seals >= 40


def test_failed_appends_spend_their_number(place: Place) -> None:
    """Whatever an append left on the disk, what comes next is sealed under another nonce."""
    disk = FaultyDisk(place.layout.staging)
    place.lay_down(place.setting.tree)
    place.disk = lambda staging: disk
    refused = 0
    with counted_seals():
        for at in range(40):
            disk.arm(Fault(at % 5, 5, torn=at))
            try:
                place.current.add_remote(f"r{at}", "file:///nowhere")
            except Unavailable:
                refused += 1
            disk.arm(None)
        place.let_go()
    assert refused > 10


def test_a_full_log_file_is_followed_by_another(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of seals under one key is a limit of frames in one file."""
    monkeypatch.setattr(LogWriter, "frames_per_file", 5)
    place.lay_down(place.setting.tree)
    with counted_seals() as count:
        count.limit = 5
        for number in range(30):
            place.current.add_remote(f"r{number}", "file:///nowhere")
        place.let_go()
    assert count.most_under_one_key == 5
