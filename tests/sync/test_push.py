from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from rolethread_store.clock import FixedClock
from rolethread_store.model.progress import Progress
from rolethread_store.sync import (
    DeviceForked,
    LocalFileDamaged,
    PushReport,
    Remote,
    RemoteDamaged,
    RemoteForeign,
    RemoteUnavailable,
    push,
    restore,
    verify,
)
from rolethread_store.sync.records import parse_head_name
from rolethread_store.testing.backups import SampleStore
from rolethread_store.testing.remote import FaultyRemote, RemoteFault, Trouble


def pushed(sample: SampleStore, remote: Remote) -> PushReport:
    return push(sample.files(), sample.keyring, remote, FixedClock())


def restored(sample: SampleStore, remote: Remote, folder: Path) -> dict[str, bytes]:
    restore(remote, folder, sample.unlocker())
    return sample.at(folder, sample.device_id).contents()


def test_push_and_restore_give_equal_bytes(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    report = pushed(sample, Remote.open(remote_url))
    assert (report.head_seq, report.objects_sent, report.already_there) == (1, 4, 0)
    assert report.bytes_sent == 70_000 + 30_000 + 700 + 5_000
    assert not report.up_to_date
    found = restored(sample, Remote.open(remote_url), tmp_path / "new")
    assert found == sample.contents()


def test_what_is_on_the_remote_is_named_by_its_digest(sample: SampleStore, remote_url: str) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    names = remote.listing("v1")
    for name, size in names.items():
        content = remote.read(name)
        assert len(content) == size
        assert name.endswith(hashlib.sha256(content).hexdigest())
    assert {name.split("/")[1] for name in names} == {"heads", "keys", "objects"}


def test_a_second_push_sends_nothing_and_asks_twice(sample: SampleStore, remote_url: str) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    before = remote.listing("v1")
    report = pushed(sample, Remote.open(remote_url))
    assert report.up_to_date
    assert (report.objects_sent, report.bytes_sent, report.already_there) == (0, 0, 4)
    assert report.requests <= 2
    assert remote.listing("v1") == before


def test_a_push_after_one_edit_is_small(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    sample.add_log(100_000)
    pushed(sample, remote)
    size = sum(remote.listing("v1").values())
    sample.grow_log(300)
    report = pushed(sample, remote)
    assert (report.objects_sent, report.bytes_sent, report.requests) == (1, 300, 6)
    assert sum(remote.listing("v1").values()) - size < 64 * 1024
    assert restored(sample, remote, tmp_path / "new") == sample.contents()


def test_many_small_pushes_leave_few_parts(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    for _ in range(40):
        sample.grow_log(3_000)
        assert pushed(sample, remote).bytes_sent <= 36 * 1024
    assert restored(sample, remote, tmp_path / "new") == sample.contents()
    report = verify(sample.layout, sample.keyring, remote)
    assert report.head_seq == 41
    assert report.objects < 41 + 15  # heads, and the objects the newest of them names


def test_new_files_are_sent_and_old_ones_are_not(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    sample.add_segment(11_111)
    sample.publish()
    sample.add_log(2_222)
    report = pushed(sample, remote)
    assert (report.objects_sent, report.bytes_sent) == (3, 11_111 + 700 + 2_222)
    assert restored(sample, remote, tmp_path / "new") == sample.contents()


def test_files_that_are_gone_from_the_store_are_not_restored(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    min(sample.layout.segments.iterdir()).unlink()
    sample.publish()
    pushed(sample, remote)
    assert restored(sample, remote, tmp_path / "new") == sample.contents()


def test_a_log_that_lost_its_closing_mark_is_sent_again(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    path = sample.grow_log(40)
    pushed(sample, remote)
    path.write_bytes(path.read_bytes()[:-40])
    sample.add_log(100)
    pushed(sample, remote)
    assert restored(sample, remote, tmp_path / "new") == sample.contents()


def test_large_files_are_streamed(sample: SampleStore, remote_url: str, tmp_path: Path) -> None:
    sample.add_segment(17 * 2**20)
    sample.grow_log(17 * 2**20)
    sample.publish()
    remote = Remote.open(remote_url)
    heard: list[Progress] = []
    report = push(sample.files(), sample.keyring, remote, FixedClock(), heard.append)
    assert [step.done for step in heard] == sorted(step.done for step in heard)
    assert heard[-1].done == heard[-1].total == report.bytes_sent
    assert restored(sample, remote, tmp_path / "new") == sample.contents()


def test_new_key_slots_are_pushed(sample: SampleStore, remote_url: str, tmp_path: Path) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    sample.add_slot("another")
    assert not pushed(sample, remote).up_to_date
    restore(remote, tmp_path / "new", sample.unlocker("another"))
    assert sample.at(tmp_path / "new", sample.device_id).contents() == sample.contents()


@pytest.mark.parametrize("size", [30_000, 17 * 2**20])
def test_a_damaged_file_of_the_store_is_refused(
    sample: SampleStore, remote_url: str, size: int
) -> None:
    path = sample.add_segment(size)
    files = sample.files()
    content = bytearray(path.read_bytes())
    content[size // 2] ^= 1
    path.write_bytes(content)
    remote = Remote.open(remote_url)
    with pytest.raises(LocalFileDamaged, match=path.name):
        push(files, sample.keyring, remote, FixedClock())
    assert remote.listing("v1/heads") == {}
    assert hashlib.sha256(content).hexdigest() not in str(remote.listing("v1"))


def test_a_remote_of_another_store_is_refused(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    before = remote.listing("v1")
    other = SampleStore.create(tmp_path / "other", seed=2)
    with pytest.raises(RemoteForeign, match=str(sample.store_id)):
        pushed(other, remote)
    assert remote.listing("v1") == before


def test_a_copy_of_the_folder_that_fell_behind_is_refused(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    (tmp_path / "copy").mkdir()
    copy = sample.at(tmp_path / "copy" / "store", sample.device_id)
    sample.layout.root.rename(tmp_path / "moved")
    # An older image of the same disk: the folder as it was, its memory of the remote too.
    import_tree(tmp_path / "moved", copy.layout.root)
    (tmp_path / "moved").rename(sample.layout.root)
    sample.grow_log(10)
    pushed(sample, remote)
    before = remote.listing("v1")
    copy.add_log(500)
    with pytest.raises(DeviceForked, match="newer state"):
        pushed(copy, remote)
    assert remote.listing("v1") == before


def import_tree(source: Path, target: Path) -> None:
    target.mkdir()
    for path in source.iterdir():
        if path.is_dir():
            import_tree(path, target / path.name)
        else:
            (target / path.name).write_bytes(path.read_bytes())


def test_two_heads_of_one_number_are_a_fork(sample: SampleStore, remote_url: str) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    name = parse_head_name(max(remote.listing("v1/heads")))
    assert name is not None
    remote.write_new(name._replace(sha256="0" * 64).name, b"another head")
    with pytest.raises(DeviceForked, match="exists twice"):
        pushed(sample, remote)


def test_another_device_finds_the_objects_and_is_named_as_unmerged(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    restore(remote, tmp_path / "second", sample.unlocker())
    second = sample.at(tmp_path / "second", UUID(int=7))
    report = pushed(second, remote)
    assert (report.objects_sent, report.already_there, report.unmerged) == (0, 4, ())
    sample.grow_log(9)
    report = pushed(sample, remote)
    assert report.unmerged == (second.device_id,)


def requests_of_a_push(sample: SampleStore, remote: FaultyRemote) -> int:
    remote.arm(None)
    pushed(sample, remote)
    return len(remote.asked)


@pytest.mark.parametrize("trouble", [Trouble.BEFORE, Trouble.AFTER, Trouble.SHORT])
@pytest.mark.parametrize(
    ("lasting", "second_push"),
    [
        (False, True),
        (True, False),
        pytest.param(False, False, marks=pytest.mark.deep),
        pytest.param(True, True, marks=pytest.mark.deep),
    ],
)
def test_a_push_interrupted_anywhere_harms_nothing_and_can_be_repeated(
    tmp_path: Path, remote_url: str, trouble: Trouble, lasting: bool, second_push: bool
) -> None:
    turn = 0
    while True:
        sample = SampleStore.create(tmp_path / f"store{turn}", seed=turn)
        remote = FaultyRemote.open(f"{remote_url}/{turn}")
        before = None
        if second_push:
            pushed(sample, remote)
            before = sample.contents()
            sample.add_segment(5_000)
            sample.publish()
            sample.grow_log(900)
        remote.arm(RemoteFault(trouble, turn, lasting))
        with suppress(RemoteUnavailable):
            pushed(sample, remote)
        struck = remote.struck
        remote.arm(None)
        if second_push:
            # The remote is valid at every moment: it gives the old state or the new one.
            # Half a head under its final name is the one thing that only a push mends; no
            # backend does that to us, for heads arrive by an atomic put or a move.
            try:
                now = restored(sample, remote, tmp_path / f"between{turn}")
            except RemoteDamaged:
                assert trouble is Trouble.SHORT
            else:
                assert now in (before, sample.contents())
        remote.arm(None)
        pushed(sample, remote)
        assert len({name.rpartition("-")[0] for name in remote.listing("v1/heads")}) == len(
            remote.listing("v1/heads")
        )
        verify(sample.layout, sample.keyring, remote)
        assert restored(sample, remote, tmp_path / f"new{turn}") == sample.contents()
        if not struck:
            break
        turn += 1
    assert turn >= 6


def test_what_arrived_before_an_interruption_is_not_sent_again(
    sample: SampleStore, remote_url: str
) -> None:
    remote = FaultyRemote.open(remote_url)
    remote.arm(RemoteFault(Trouble.BEFORE, 8, lasting=True))
    with pytest.raises(RemoteUnavailable):
        pushed(sample, remote)
    remote.arm(None)
    arrived = len(remote.listing("v1/objects"))
    assert arrived > 0
    report = pushed(sample, remote)
    assert (report.objects_sent, report.already_there) == (4 - arrived, arrived)


@pytest.mark.parametrize("which", ["v1/objects", "v1/heads", "v1/keys"])
def test_a_remote_that_stores_nothing_is_found_out(
    sample: SampleStore, remote_url: str, which: str
) -> None:
    probe = FaultyRemote.open(f"{remote_url}/probe")
    probe.arm(None)
    pushed(SampleStore.create(sample.layout.root.with_name("probe"), seed=1), probe)
    turn = next(
        index
        for index, (verb, name) in enumerate(probe.asked)
        if verb == "write_new" and name.startswith(which)
    )
    remote = FaultyRemote.open(remote_url)
    remote.arm(RemoteFault(Trouble.LOST, turn))
    with pytest.raises((RemoteDamaged,), match="give back"):
        pushed(sample, remote)
    remote.arm(None)
    pushed(sample, remote)
    verify(sample.layout, sample.keyring, remote)


def test_a_late_listing_does_not_split_the_chain(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = FaultyRemote.open(remote_url)
    pushed(sample, remote)
    remote.arm(RemoteFault(Trouble.LATE))
    for _ in range(3):
        sample.grow_log(50_000)
        sample.add_segment(20)
        sample.publish()
        pushed(sample, remote)
    remote.arm(None)
    names = [parse_head_name(name) for name in remote.listing("v1/heads")]
    assert sorted(name.seq for name in names if name is not None) == [1, 2, 3, 4]
    assert restored(sample, remote, tmp_path / "new") == sample.contents()


def test_an_unreachable_folder_is_an_error_of_the_remote(
    sample: SampleStore, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"not a folder")
    with pytest.raises((RemoteUnavailable,)):
        pushed(sample, Remote.open(str(tmp_path / "file" / "backup")))


def test_earlier_sets_of_key_slots_are_counted_when_the_slots_change(
    sample: SampleStore, remote_url: str
) -> None:
    remote = Remote.open(remote_url)
    assert pushed(sample, remote).earlier_keys == 0
    added = sample.add_slot("key file")
    assert pushed(sample, remote).earlier_keys == 1
    assert pushed(sample, remote).earlier_keys == 0, "nothing was sent, nothing is said"
    added.unlink()
    assert pushed(sample, remote).earlier_keys == 1, "the set before, and the present one again"
    sample.add_slot("another")
    assert pushed(sample, remote).earlier_keys == 2
