from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from rolethread_store.clock import FixedClock
from rolethread_store.errors import Corrupt, StoreError
from rolethread_store.sync import (
    Remote,
    RemoteDamaged,
    RemoteEmpty,
    RemoteRolledBack,
    TrustDamaged,
    push,
    restore,
    verify,
)
from rolethread_store.sync.records import parse_head_name
from rolethread_store.testing.backups import SampleStore
from rolethread_store.testing.remote import FaultyRemote, RemoteFault, Trouble


def pushed(sample: SampleStore, remote: Remote) -> None:
    push(sample.files(), sample.keyring, remote, FixedClock())


def put(remote: Remote, name: str, content: bytes) -> None:
    remote.remove(name)
    remote.write_new(name, content)


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


MUTATIONS: dict[str, Callable[[bytes], bytes]] = {
    "flipped": flip,
    "cut": lambda content: content[:-1],
    "emptied": lambda content: b"",
    "longer": lambda content: content + b"\0",
    "zeroed": lambda content: bytes(len(content)),
}


def test_a_whole_backup_is_reported(sample: SampleStore, remote_url: str) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    report = verify(sample.layout, sample.keyring, remote)
    assert (report.objects, report.head_seq, report.level) == (6, 1, 1)
    assert (report.missing, report.damaged) == ((), ())
    assert report.bytes == sum(remote.listing("v1").values())


def test_the_names_are_checked_without_reading(sample: SampleStore, remote_url: str) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    asked = remote.requests
    assert verify(sample.layout, sample.keyring, remote, level=0).level == 0
    assert remote.requests - asked == 2


def test_nothing_there_is_not_a_backup(sample: SampleStore, remote_url: str) -> None:
    with pytest.raises(RemoteEmpty):
        verify(sample.layout, sample.keyring, Remote.open(remote_url))


def test_every_lost_object_is_named_by_verify_and_refused_by_restore(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    for name in remote.listing("v1"):
        content = remote.read(name)
        remote.remove(name)
        with pytest.raises((RemoteDamaged, RemoteRolledBack)) as caught:
            verify(sample.layout, sample.keyring, remote, level=0)
        if isinstance(caught.value, RemoteDamaged):
            assert len(caught.value.missing) == 1
            assert not caught.value.damaged
        with pytest.raises((RemoteDamaged, RemoteEmpty)):
            restore(remote, tmp_path / "new", sample.unlocker())
        assert not (tmp_path / "new").exists()
        remote.write_new(name, content)
    verify(sample.layout, sample.keyring, remote)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_changed_object_is_named_by_verify_and_refused_by_restore(
    sample: SampleStore, remote_url: str, tmp_path: Path, mutation: str
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    for name in remote.listing("v1"):
        content = remote.read(name)
        put(remote, name, MUTATIONS[mutation](content))
        with pytest.raises(RemoteDamaged) as caught:
            verify(sample.layout, sample.keyring, remote)
        assert caught.value.damaged
        assert caught.value.damaged[0] in str(caught.value)
        with pytest.raises(RemoteDamaged) as refused:
            restore(remote, tmp_path / "new", sample.unlocker())
        assert refused.value.damaged
        assert not (tmp_path / "new").exists()
        put(remote, name, content)
    verify(sample.layout, sample.keyring, remote)


def test_any_two_swapped_objects_are_noticed(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    names = list(remote.listing("v1"))
    for one, two in pairwise(names):
        first, second = remote.read(one), remote.read(two)
        put(remote, one, second)
        put(remote, two, first)
        with pytest.raises(RemoteDamaged):
            verify(sample.layout, sample.keyring, remote)
        with pytest.raises(StoreError):
            restore(remote, tmp_path / "new", sample.unlocker())
        put(remote, one, first)
        put(remote, two, second)


def test_files_are_named_by_their_place_in_the_store(sample: SampleStore, remote_url: str) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    for name in remote.listing("v1/objects"):
        remote.remove(name)
    with pytest.raises(RemoteDamaged) as caught:
        verify(sample.layout, sample.keyring, remote)
    named = {what.split(" ")[0] for what in caught.value.missing}
    assert named == {path for path in sample.contents() if not path.startswith(("keys", "STORE"))}


@pytest.mark.parametrize("lost", [True, False])
def test_a_push_after_a_verify_puts_back_what_the_store_still_has(
    sample: SampleStore, remote_url: str, tmp_path: Path, lost: bool
) -> None:
    remote = Remote.open(remote_url)
    sample.grow_log(60_000)
    pushed(sample, remote)
    sample.grow_log(60_000)
    pushed(sample, remote)
    for name in [*remote.listing("v1/objects"), *remote.listing("v1/keys")]:
        content = remote.read(name)
        remote.remove(name)
        if not lost:
            remote.write_new(name, flip(content))
    with pytest.raises(RemoteDamaged):
        verify(sample.layout, sample.keyring, remote)
    pushed(sample, remote)
    verify(sample.layout, sample.keyring, remote)
    restore(remote, tmp_path / "new", sample.unlocker())
    assert sample.at(tmp_path / "new", sample.device_id).contents() == sample.contents()


def test_every_earlier_state_of_the_remote_is_a_rollback(
    sample: SampleStore, remote_url: str
) -> None:
    remote = Remote.open(remote_url)
    states: list[dict[str, bytes]] = []
    for _ in range(4):
        sample.grow_log(10)
        pushed(sample, remote)
        states.append({name: remote.read(name) for name in remote.listing("v1")})
    for state in [{}, *states[:-1]]:
        for name in remote.listing("v1"):
            remote.remove(name)
        for name, content in state.items():
            remote.write_new(name, content)
        with pytest.raises(RemoteRolledBack, match="back in time"):
            verify(sample.layout, sample.keyring, remote)
        with pytest.raises(RemoteRolledBack):
            pushed(sample, remote)
        assert remote.listing("v1") == {name: len(content) for name, content in state.items()}


def test_a_head_lost_from_the_middle_of_a_chain_is_named(
    sample: SampleStore, remote_url: str
) -> None:
    remote = Remote.open(remote_url)
    for _ in range(3):
        sample.grow_log(10)
        pushed(sample, remote)
    remote.remove(sorted(remote.listing("v1/heads"))[1])
    with pytest.raises(RemoteDamaged, match="head 2 of device"):
        verify(sample.layout, sample.keyring, remote)


def test_a_head_that_only_another_device_saw_is_missed(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    restore(remote, tmp_path / "second", sample.unlocker())
    second = sample.at(tmp_path / "second", UUID(int=9))
    sample.grow_log(5)
    pushed(sample, remote)
    pushed(second, remote)
    newest = max(name for name in remote.listing("v1/heads") if sample.device_id.hex in name)
    remote.remove(newest)
    # A third device with no memory of its own learns it from the second one's head.
    third = SampleStore.create(tmp_path / "third", seed=5)
    with pytest.raises(RemoteDamaged, match=f"head 2 of device {sample.device_id}"):
        verify(third.layout, sample.keyring, remote)


def test_a_sealed_head_under_another_name_is_refused(
    sample: SampleStore, remote_url: str, tmp_path: Path
) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    text = max(remote.listing("v1/heads"))
    name = parse_head_name(text)
    assert name is not None
    for other in (name._replace(seq=2), name._replace(device=UUID(int=3))):
        remote.write_new(other.name, remote.read(text))
        with pytest.raises(Corrupt):
            verify(sample.layout, sample.keyring, remote)
        with pytest.raises(StoreError):
            restore(remote, tmp_path / "new", sample.unlocker())
        remote.remove(other.name)


def test_a_late_listing_is_no_rollback(sample: SampleStore, remote_url: str) -> None:
    remote = FaultyRemote.open(remote_url)
    pushed(sample, remote)
    remote.arm(RemoteFault(Trouble.LATE))
    sample.grow_log(10)
    pushed(sample, remote)
    assert verify(sample.layout, sample.keyring, remote).head_seq == 2


def test_a_damaged_memory_is_an_error(sample: SampleStore, remote_url: str) -> None:
    remote = Remote.open(remote_url)
    pushed(sample, remote)
    (path,) = sample.layout.trust.iterdir()
    content = path.read_bytes()
    for position in range(0, len(content), 7):
        path.write_bytes(
            content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :]
        )
        with pytest.raises((TrustDamaged, StoreError)):
            pushed(sample, remote)
    path.unlink()
    pushed(sample, remote)
    assert path.exists()


def test_memories_of_two_remotes_are_apart_and_name_neither(
    sample: SampleStore, remote_url: str
) -> None:
    one, two = Remote.open(f"{remote_url}/one"), Remote.open(f"{remote_url}/two")
    pushed(sample, one)
    pushed(sample, two)
    paths = sorted(sample.layout.trust.iterdir())
    assert len(paths) == 2
    for path in paths:
        assert b"one" not in path.read_bytes()
        assert len(path.stem) == 32
