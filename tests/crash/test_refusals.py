"""What goes wrong from outside: the right family of error, and nothing changed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final

import pytest

import rolethread_store
from rolethread_store.clock import SystemClock
from rolethread_store.crypto import floor_params
from rolethread_store.editing import bulk_tags
from rolethread_store.errors import (
    Conflict,
    Denied,
    InvalidInput,
    Locked,
    NotFound,
    StoreError,
    Unavailable,
)
from rolethread_store.store import Store
from rolethread_store.store.opening import unlock
from rolethread_store.store.secrets import Secrets
from rolethread_store.testing import Fault, FaultyDisk
from rolethread_store.testing.answers import Answers, answers
from rolethread_store.testing.crashing import Work, Writer, records
from tests.crash.filling import fill, fill_to

PASSPHRASE: Final = "the right one"


@dataclass(frozen=True)
class Sample:
    """A small store, and what it answers."""

    path: Path
    recovery_code: str
    source: Path
    entries: tuple[str, ...]
    answers: Answers

    def open(self) -> Store:
        return rolethread_store.open(self.path, recovery_code=self.recovery_code)

    def now(self) -> Answers:
        with self.open() as store:
            return answers(store)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("refusals")
    return make_sample(folder / "store", folder)


@pytest.fixture
def sample(original: Sample, tmp_path: Path) -> Sample:
    path = tmp_path / "store"
    shutil.copytree(original.path, path)
    return replace(original, path=path)


def make_sample(path: Path, folder: Path) -> Sample:
    source = folder / "source.jsonl"
    source.write_text(records(8) + "no JSON\n", encoding="utf-8")
    with rolethread_store.create(path, passphrase=PASSPHRASE, kdf=floor_params()) as store:
        store.dataset("tavern").import_file(source)
        entries = tuple(str(entry.entry_id) for entry in store.dataset("tavern").page())
        store.edit(entries[0], message=0, content="pending")
        assert store.recovery_code is not None
        return Sample(path, store.recovery_code, source, entries, answers(store))


def digests(folder: Path) -> dict[str, str]:
    """Return every file of the store with its digest, except who holds the lock."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("lock", "lock.info", "reserve")
    }


# --- secrets and places ------------------------------------------------------------------


def test_wrong_secrets(sample: Sample) -> None:
    before = digests(sample.path)
    with pytest.raises(Denied):
        rolethread_store.open(sample.path, passphrase="the wrong one")
    other = rolethread_store.create(
        sample.path.with_name("other"), passphrase="x", kdf=floor_params()
    )
    other.close()
    with pytest.raises(Denied):
        rolethread_store.open(sample.path, recovery_code=other.recovery_code)
    with pytest.raises(InvalidInput):
        rolethread_store.open(sample.path, recovery_code="not a code")
    with pytest.raises(InvalidInput):
        rolethread_store.open(sample.path)
    assert digests(sample.path) == before


def test_no_store(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("STORE")
    for name in ("nowhere", "empty", "file"):
        with pytest.raises(NotFound):
            rolethread_store.open(tmp_path / name, passphrase=PASSPHRASE)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["empty", "file"]


def test_no_store_over_something_else(sample: Sample, tmp_path: Path) -> None:
    before = digests(sample.path)
    (tmp_path / "file").write_text("precious")
    for path in (sample.path, tmp_path / "file"):
        with pytest.raises(Conflict):
            rolethread_store.create(path, passphrase=PASSPHRASE, kdf=floor_params())
    assert digests(sample.path) == before
    assert (tmp_path / "file").read_text() == "precious"


# --- a second writer ---------------------------------------------------------------------


def writings(sample: Sample) -> dict[str, Callable[[Store], object]]:
    """Return everything that changes a store."""
    entry = sample.entries[1]
    return {
        "edit": lambda store: store.edit(entry, message=0, content="written"),
        "delete": lambda store: store.delete([entry]),
        "tag": lambda store: store.dataset("tavern").add_tags(["t"], entries=[entry]),
        "tag all": lambda store: store.dataset("tavern").add_tags(["t"]),
        "import": lambda store: store.dataset("more").import_file(sample.source),
        "undo": lambda store: store.undo(),
        "checkpoint": lambda store: store.checkpoint(),
        "remote": lambda store: store.add_remote("stick", "file:///nowhere"),
    }


def test_second_writer(sample: Sample, processes: ForkServerContext) -> None:
    writer = Writer(
        sample.path, sample.recovery_code, "tavern", sample.entries, sample.source, Work.EDITS, 0
    )
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=writer.run, args=(theirs,))
    with sample.open() as early:
        process.start()
        theirs.close()
        try:
            assert ours.poll(60)
            ours.recv_bytes()
            with sample.open() as late:
                for store in (early, late):
                    for name, write in writings(sample).items():
                        with pytest.raises(Locked, match=f"process {process.pid}"):
                            write(store)
                        assert store.dataset("tavern").count() == 8, name
        finally:
            process.kill()
            process.join()
        # What the other one wrote meanwhile is built upon, not overwritten.
        early.edit(sample.entries[7], message=1, content="after the other writer")
        written = len(early.log())
    with sample.open() as store:
        assert len(store.log()) == written > len(sample.answers.log) + 1
        found = store.sql(
            "SELECT count(*) FROM messages WHERE content LIKE 'change %' "
            "OR content = 'after the other writer'"
        )
        assert found.fetchall()[0][0] >= 2


def test_waiting_for_the_other_writer(sample: Sample, processes: ForkServerContext) -> None:
    with sample.open() as first:
        first.edit(sample.entries[0], message=0, content="first")
        second = rolethread_store.open(sample.path, recovery_code=sample.recovery_code, wait=0.05)
        with pytest.raises(Locked):
            second.edit(sample.entries[1], message=0, content="second")
    with second:
        second.edit(sample.entries[1], message=0, content="second")
        assert [message.content for message in second.entry(sample.entries[0]).entry.messages][
            :1
        ] == ["first"]


# --- a folder that cannot be written -----------------------------------------------------

READ_ONLY_PROCESS = """
import ctypes, json, os, sys
from pathlib import Path
import rolethread_store
from rolethread_store.errors import StoreError

path, code, source, entry = sys.argv[1:]
if os.geteuid() == 0:
    # Give up what lets root ignore permissions: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capget(header, sets) != 0:
        sys.exit(77)
    for index in (0, 1):
        sets[index] &= ~0b110
    if libc.capset(header, sets) != 0:
        sys.exit(77)
try:
    (Path(path) / "probe").touch()
except PermissionError:
    pass
else:
    sys.exit(77)

outcome = {}
with rolethread_store.open(path, recovery_code=code) as store:
    tavern = store.dataset("tavern")
    for name, act in {
        "count": lambda: tavern.count(),
        "search": lambda: len(tavern.search("question")),
        "quarantine": lambda: len(store.quarantine()),
        "edit": lambda: tavern.edit(entry, message=0, content="x"),
        "tag": lambda: tavern.add_tags(["t"]),
        "import": lambda: tavern.import_file(source),
        "undo": lambda: store.undo(),
        "checkpoint": lambda: store.checkpoint(),
        "remote": lambda: store.add_remote("a", "file:///b"),
    }.items():
        try:
            outcome[name] = act()
        except StoreError as error:
            outcome[name] = type(error).__mro__[1].__name__
try:
    rolethread_store.create(Path(path) / "new", passphrase="x")
    outcome["create"] = "made"
except StoreError as error:
    outcome["create"] = type(error).__mro__[1].__name__
print(json.dumps(outcome))
"""


@pytest.fixture
def read_only(sample: Sample) -> Iterator[Sample]:
    (sample.path / "lock").unlink(missing_ok=True)
    paths = [sample.path, *sample.path.rglob("*")]
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    yield sample
    for path in paths:
        path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_read_only_folder(read_only: Sample) -> None:
    """Everything can be read; every change is denied, before anything is touched."""
    before = digests(read_only.path)
    arguments = [read_only.path, read_only.recovery_code, read_only.source, read_only.entries[0]]
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY_PROCESS, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if done.returncode == 77:
        pytest.skip("this user cannot be kept from writing")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    read = {"count": 8, "search": 7, "quarantine": 1}
    assert {name: outcome.pop(name) for name in read} == read
    assert set(outcome.values()) == {"Denied"}, outcome
    assert digests(read_only.path) == before


# --- a disk that fails -------------------------------------------------------------------


def attempted(write: Callable[[Store], object], store: Store) -> StoreError | None:
    """Return the error with which a change was refused, ``None`` when it was made."""
    try:
        write(store)
    except StoreError as error:
        return error
    return None


def on_disk(sample: Sample, disk: FaultyDisk) -> Store:
    unlocked = unlock(sample.path, Secrets(recovery_code=sample.recovery_code))
    return Store(replace(unlocked, disk=disk), SystemClock())


WRITINGS: Final = ("edit", "tag all", "import", "checkpoint", "undo", "remote")


# Both numbers take one way through the program; one act is enough to see that in passing.
@pytest.mark.parametrize(
    ("name", "code"),
    [
        *((name, errno.ENOSPC) for name in WRITINGS),
        ("edit", errno.EIO),
        *(pytest.param(name, errno.EIO, marks=pytest.mark.deep) for name in WRITINGS[1:]),
    ],
)
def test_disk_fails_at_every_operation(
    sample: Sample, name: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever operation fails, nothing changed, and the next attempt succeeds."""
    monkeypatch.setitem(bulk_tags.__globals__, "INLINE_LIMIT", 2)
    write = writings(sample)[name]
    disk = FaultyDisk(sample.path / "staging")
    failed = 0
    with on_disk(sample, disk) as store:
        for at in range(200):
            disk.arm(Fault(at, code, torn=at % 40))
            error = attempted(write, store)
            disk.arm(None)
            if error is None:
                break
            assert isinstance(error, Unavailable), (at, error)
            failed += 1
            if name != "checkpoint":
                assert store.log() == sample.answers.log, at
            if at % 5 == 0:
                assert sample.now() == sample.answers, at
        assert answers(store) == sample.now()
    assert failed >= 3, "the faults did not reach it"
    if name == "checkpoint":
        assert sample.now() == sample.answers
    else:
        assert len(sample.now().log) == len(sample.answers.log) + 1


@pytest.mark.parametrize("name", WRITINGS)
def test_disk_stays_full(sample: Sample, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From some operation on nothing can be written, cut or removed any more; then it can."""
    monkeypatch.setitem(bulk_tags.__globals__, "INLINE_LIMIT", 2)
    write = writings(sample)[name]
    writing = frozenset({"write", "sync", "datasync", "truncate", "link", "rename", "open"})
    for at in range(0, 12, 3):
        disk = FaultyDisk(sample.path / "staging")
        store = on_disk(sample, disk)
        disk.arm(Fault(at, errno.ENOSPC, lasting=True, only=writing, torn=at))
        error = attempted(write, store)
        store.close()
        if error is None:
            break
        assert isinstance(error, Unavailable), (at, error)
        now = sample.now()
        assert (now.entries, now.totals) == (sample.answers.entries, sample.answers.totals)
        assert now.log == sample.answers.log
    assert at > 0
    with sample.open() as again:
        write(again)


@pytest.mark.parametrize("already", [True, False], ids=["writing already", "opened when full"])
def test_full_file_system(small_disk: Path, tmp_path: Path, already: bool) -> None:
    """The engine's own writes meet a full disk too."""
    sample = make_sample(small_disk / "store", tmp_path)
    expected = sample.answers
    sample.source.write_text(records(20_000), encoding="utf-8")
    store = sample.open()
    if already:
        store.edit(sample.entries[0], message=0, content="last before the flood")
        expected = answers(store)
    ballast = small_disk / "ballast"
    fill(ballast)
    # A small edit may find room in the last block of the log; a long one does not.
    long = os.urandom(100_000).hex()
    attempts = {"long": lambda store: store.edit(sample.entries[1], message=0, content=long)}
    for name, write in (attempts | writings(sample)).items():
        if name in ("undo", "delete"):
            continue  # What these need was kept: see test_room_for_undo_and_delete.
        assert isinstance(attempted(write, store), Unavailable), name
        assert answers(store) == expected, name
    store.close()
    assert sample.now() == expected
    ballast.unlink()
    fill_to(ballast, free=200_000)
    with sample.open() as store:
        with pytest.raises(Unavailable):
            store.dataset("more").import_file(sample.source)
        assert answers(store) == expected
    ballast.unlink()
    with sample.open() as store:
        store.edit(sample.entries[1], message=0, content="there is room again")
        assert list((sample.path / "staging").iterdir()) == []
