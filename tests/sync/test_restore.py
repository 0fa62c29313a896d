from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from rolethread_store.clock import FixedClock
from rolethread_store.crypto import (
    Keyring,
    Secret,
    SlotIdentity,
    WrongPassphrase,
    floor_params,
    make_passphrase_slot,
    open_slot,
)
from rolethread_store.errors import Denied
from rolethread_store.storage import ReadOnly
from rolethread_store.sync import (
    DestinationNotEmpty,
    HeadsDiverged,
    Remote,
    RemoteDamaged,
    RemoteEmpty,
    RemoteRolledBack,
    RemoteUnavailable,
    Unlock,
    push,
    restore,
    verify,
)
from rolethread_store.testing.backups import SampleStore
from rolethread_store.testing.remote import FaultyRemote, RemoteFault, Trouble


def pushed(sample: SampleStore, remote: Remote) -> None:
    push(sample.files(), sample.keyring, remote, FixedClock())


def test_the_report_says_what_was_restored(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    report = restore(remote, tmp_path / "deep" / "er" / "new", sample.unlocker("recovery"))
    contents = sample.contents()
    assert report.path == tmp_path / "deep" / "er" / "new"
    assert report.files == len(contents)
    assert report.bytes == sum(len(content) for content in contents.values())
    assert (report.head_seq, report.device) == (1, sample.device_id)
    assert all(folder.is_dir() for folder in sample.at(report.path, UUID(int=1)).layout.folders)


def test_an_empty_destination_is_filled(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    (tmp_path / "new").mkdir()
    restore(remote, tmp_path / "new", sample.unlocker())
    assert sample.at(tmp_path / "new", sample.device_id).contents() == sample.contents()


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_destination_that_holds_something_is_left_alone(
    sample: SampleStore, remote_url: str, tmp_path: Path, kind: str
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    target = tmp_path / "new"
    if kind == "folder":
        target.mkdir()
        (target / "diary.txt").write_text("mine")
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(DestinationNotEmpty):
        restore(remote, target, sample.unlocker())
    if kind == "folder":
        assert [path.name for path in target.iterdir()] == ["diary.txt"]


def test_a_wrong_secret_is_denied_and_leaves_nothing(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    with pytest.raises(Denied):
        restore(remote, tmp_path / "deep" / "new", sample.unlocker("guess"))
    assert not (tmp_path / "deep").exists()


def test_an_old_secret_does_not_open_what_was_pushed_after_it_was_changed(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    for path in sample.layout.keys.iterdir():
        path.unlink()
    sample.add_slot("changed")
    pushed(sample, remote)
    with pytest.raises(Denied):
        restore(remote, tmp_path / "new", sample.unlocker("passphrase"))
    restore(remote, tmp_path / "new", sample.unlocker("changed"))
    assert sample.at(tmp_path / "new", sample.device_id).contents() == sample.contents()


def test_an_empty_remote_is_named(sample: SampleStore, remote_url: str, tmp_path: Path) -> None:
    with pytest.raises(RemoteEmpty):
        restore(Remote.open(remote_url), tmp_path / "new", sample.unlocker())


def test_a_restored_store_remembers_the_remote(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    first = remote.listing("v1/heads")
    sample.grow_log(5)
    pushed(sample, remote)
    restore(remote, tmp_path / "new", sample.unlocker())
    for name in remote.listing("v1/heads").keys() - first.keys():
        remote.remove(name)
    second = sample.at(tmp_path / "new", UUID(int=9))
    with pytest.raises(RemoteRolledBack):
        pushed(second, remote)


def test_states_that_diverged_are_not_chosen_between(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    restore(remote, tmp_path / "second", sample.unlocker())
    second = sample.at(tmp_path / "second", UUID(int=9))
    second.add_log(77)
    pushed(second, remote)
    # The second device contains the first one's push, so it is the newest state.
    assert restore(remote, tmp_path / "one", sample.unlocker()).device == second.device_id
    sample.grow_log(5)
    pushed(sample, remote)
    with pytest.raises(HeadsDiverged, match=str(second.device_id)):
        restore(remote, tmp_path / "two", sample.unlocker())
    restore(remote, tmp_path / "mine", sample.unlocker(), device=sample.device_id)
    assert sample.at(tmp_path / "mine", sample.device_id).contents() == sample.contents()
    with pytest.raises(HeadsDiverged, match="never pushed"):
        restore(remote, tmp_path / "three", sample.unlocker(), device=UUID(int=1))
    assert verify(sample.layout, sample.keyring, remote).head_seq == 2


@pytest.mark.parametrize("trouble", [Trouble.BEFORE, Trouble.AFTER])
def test_a_restore_interrupted_anywhere_leaves_nothing(
    sample: SampleStore, remote_url: str, tmp_path: Path, trouble: Trouble
) -> None:
    remote = FaultyRemote.open(remote_url)
    sample.add_segment(17 * 2**20)
    sample.publish()
    pushed(sample, remote)
    target = tmp_path / "deep" / "new"
    for turn in range(30):
        remote.arm(RemoteFault(trouble, turn))
        try:
            restore(remote, target, sample.unlocker())
        except RemoteUnavailable:
            assert not (tmp_path / "deep").exists()
        else:
            break
    assert turn >= 6
    assert sample.at(target, sample.device_id).contents() == sample.contents()
    assert [path.name for path in target.parent.iterdir()] == ["new"]


def test_a_disk_that_refuses_leaves_nothing(
    sample: SampleStore, remote_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ReadOnly):
        restore(remote, tmp_path / "deep" / "new", sample.unlocker())
    assert not (tmp_path / "deep").exists()


def test_real_key_slots_open_a_backup(sample: SampleStore, remote_url: str, tmp_path: Path) -> None:
    for path in sample.layout.keys.iterdir():
        path.unlink()
    clock = FixedClock()
    identity = SlotIdentity(
        store_id=sample.store_id, slot_id=UUID(int=5), created_at=clock.now(), label="main"
    )
    slot = make_passphrase_slot(Secret(sample.root_key), "correct horse", floor_params(), identity)
    sample.layout.slot(UUID(int=5)).write_bytes(slot)
    remote = Remote.open(remote_url)
    pushed(sample, remote)

    def unlocker(passphrase: str) -> Unlock:
        def unlock(slots: list[bytes], header: bytes) -> Keyring:
            root = open_slot(slots[0], store_id=sample.store_id, passphrase=passphrase)
            return Keyring(root, sample.store_id)

        return unlock

    with pytest.raises(WrongPassphrase):
        restore(remote, tmp_path / "new", unlocker("battery staple"))
    restore(remote, tmp_path / "new", unlocker("correct horse"))
    assert sample.at(tmp_path / "new", sample.device_id).contents() == sample.contents()


def test_damage_in_large_objects_is_found_while_fetching(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    path = sample.add_segment(17 * 2**20)
    sample.publish()
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    name = max(remote.listing("v1/objects").items(), key=lambda item: item[1])[0]
    content = bytearray(remote.read(name))
    content[-1] ^= 0x80
    remote.remove(name)
    remote.write_new(name, bytes(content))
    with pytest.raises(RemoteDamaged, match=path.name):
        restore(remote, tmp_path / "new", sample.unlocker())
    assert not (tmp_path / "new").exists()
