"""Rekey: the same store under other keys, at every moment the old one or the new one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.crypto import WrongPassphrase, floor_params
from rolethread_store.dataset import (
    StoreRebuilt,
    load_manifest,
    unfinished_rekeys,
)
from rolethread_store.errors import Corrupt
from rolethread_store.model import Progress
from rolethread_store.storage import Layout, RebuildRunning, rebuilding
from rolethread_store.store import Store, restore_store
from rolethread_store.store.opening import unlock
from rolethread_store.store.rekeying import RekeyPassphrase
from rolethread_store.store.secrets import Secrets
from rolethread_store.sync import RemoteOtherKey
from rolethread_store.testing.answers import Answers, answers
from tests.scenes import PASSPHRASE, chat, jsonl
from tests.store.dying import NEVER, died, switch_of

Open = Callable[[], Store]
NEW = "a door nobody painted"


def filled(store: Store, folder: Path) -> Store:
    """A store with something of everything: entries, quarantine, edits, versions, copies."""
    inn = store.dataset("inn")
    inn.import_file(jsonl(folder / "inn.jsonl", [chat("one"), chat("two"), chat("3"), "{no"]))
    inn.publish("first")
    inn.edit(inn.page(1)[0].entry_id, message=0, content="ONE")
    store.checkpoint()
    inn.import_file(jsonl(folder / "more.jsonl", [chat("four", "five")]))
    inn.fork("draft").add_tags(["drafted"])
    inn.delete([inn.page(1, 1)[0].entry_id])
    inn.undo()
    return store


@pytest.fixture(scope="module")
def template(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to copy: a filled store, and the files it came from."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copytree(empty_store, folder / "store")
    with rolethread_store.open(folder / "store", passphrase=PASSPHRASE) as store:
        filled(store, folder)
    return folder


@pytest.fixture
def inn(template: Path, tmp_path: Path, open_again: Open) -> Store:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return open_again()


def new_keys(store: Store, passphrase: str = NEW) -> str:
    return store.rekey(passphrase, kdf=floor_params()).recovery_code


def texts(store: Store, **where: object) -> list[tuple[object, ...]]:
    query = "SELECT messages[1].content, tags FROM entries ORDER BY position"
    return store.dataset("inn", **where).sql(query).fetchall()  # type: ignore[arg-type]


def test_everything_is_there_under_the_new_keys_only(inn: Store, tmp_path: Path) -> None:
    path = tmp_path / "store"
    before = answers(inn), texts(inn, working_copy="draft"), inn.dataset("inn").count(at=1)
    code = new_keys(inn)
    assert (answers(inn), texts(inn, working_copy="draft")) == before[:2]
    inn.dataset("inn").add_tags(["afterwards"])
    inn.undo()
    inn.close()
    for passphrase, recovery_code in ((NEW, None), (None, code)):
        with rolethread_store.open(path, passphrase, recovery_code=recovery_code) as again:
            assert answers(again).pages == before[0].pages
            assert texts(again, working_copy="draft") == before[1]
            assert again.dataset("inn").count(at=1) == before[2]
            again.dataset("inn").redo()
            again.dataset("inn").undo()
    with pytest.raises(WrongPassphrase):
        rolethread_store.open(path, PASSPHRASE)
    left = {one.name for one in path.iterdir() if not one.name.startswith("tree-")}
    assert left <= {"STORE", "trust", "leases", "lock", "rekey.lock", "reserve"}
    assert sum(one.name.startswith("tree-") for one in path.iterdir()) == 1


def test_no_old_key_opens_anything_new(inn: Store, tmp_path: Path) -> None:
    old = inn._parts.journal
    digests = {segment.digest for batch in old.manifest.batches for segment in batch.segments}
    wrapped = {batch.wrapped_key for batch in old.manifest.batches}
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    keys = unlock(tmp_path / "copy", Secrets(PASSPHRASE)).keyring
    new_keys(inn)
    manifest = inn._parts.journal.manifest
    layout = inn._parts.journal.layout
    assert digests.isdisjoint(s.digest for batch in manifest.batches for s in batch.segments)
    assert wrapped.isdisjoint(batch.wrapped_key for batch in manifest.batches)
    with pytest.raises(Corrupt):
        load_manifest(layout, inn._parts.journal.disk, keys)
    for batch in manifest.batches:
        with pytest.raises(Corrupt):
            keys.unwrap(bytes.fromhex(batch.wrapped_key), batch.batch_id)
    with rolethread_store.open(tmp_path / "copy", PASSPHRASE) as copy:
        assert answers(copy).pages == answers(inn).pages


def test_edits_go_on_and_are_in_the_new_store(inn: Store, open_again: Open) -> None:
    inn.close()
    rekeyed, other = open_again(), open_again()
    done: list[int] = []

    def meanwhile(progress: Progress) -> None:
        if len(done) < 2:
            other.dataset("inn").add_tags([f"meanwhile {len(done)}"])
            other.dataset("inn").import_file(rekeyed.path.parent / "more.jsonl", again=True)
            done.append(progress.done)
            if len(done) == 2:
                other.close()

    rekeyed.rekey(NEW, kdf=floor_params(), progress=meanwhile)
    tags = rekeyed.dataset("inn").page(1)[0].tags
    assert tags == ("meanwhile 0", "meanwhile 1")
    assert rekeyed.dataset("inn").count() == 6


def test_readers_keep_their_store_until_they_close(
    inn: Store, open_again: Open, tmp_path: Path
) -> None:
    before = answers(inn)
    reader = open_again()
    report = inn.rekey(NEW, kdf=floor_params())
    assert not report.old_removed
    assert answers(reader) == before
    inn.dataset("inn").add_tags(["unseen"])
    inn.close()
    with pytest.raises(StoreRebuilt):
        reader.dataset("inn").add_tags(["lost"])
    assert answers(reader) == before
    reader.close()
    with rolethread_store.open(tmp_path / "store", NEW) as writer:
        assert (tmp_path / "store" / "segments").exists()
        writer.undo()
        assert not (tmp_path / "store" / "segments").exists()


def test_the_same_again(inn: Store, tmp_path: Path) -> None:
    before = answers(inn)
    for number in range(3):
        new_keys(inn, f"{NEW} {number}")
    inn.close()
    with rolethread_store.open(tmp_path / "store", f"{NEW} 2") as again:
        assert answers(again) == before


def test_two_rekeys_at_once_and_one_with_another_passphrase(
    inn: Store, open_again: Open, tmp_path: Path
) -> None:
    with rebuilding(Layout(tmp_path / "store")), pytest.raises(RebuildRunning):
        new_keys(inn)

    class Stopped(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.done:
            raise Stopped

    for _ in range(2):
        with pytest.raises(Stopped):
            inn.rekey(NEW, kdf=floor_params(), progress=stop)
    journal = inn._parts.journal
    assert len(unfinished_rekeys(journal.layout, journal.disk)) == 1
    before = answers(inn)
    with pytest.raises(RekeyPassphrase):
        new_keys(inn, "another")
    inn.close()
    with open_again() as store:
        store.dataset("inn").add_tags(["kept"])
        assert len(unfinished_rekeys(journal.layout, store._parts.journal.disk)) == 1
        store.undo()
        assert store.rekey(NEW, kdf=floor_params()).resumed
        assert answers(store).pages == before.pages


def test_abandoning_leaves_nothing(inn: Store, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    names = {path.name for path in (tmp_path / "store").iterdir()}
    with pytest.raises(KeyboardInterrupt):
        inn.rekey(NEW, kdf=floor_params(), progress=stop)
    assert inn.abandon_rekey()
    assert not inn.abandon_rekey()
    after = {path.name for path in (tmp_path / "store").iterdir()}
    assert after == names | {"rekey.lock"}


def test_a_remote_needs_a_new_folder(inn: Store, tmp_path: Path) -> None:
    inn.add_remote("old", str(tmp_path / "old"))
    inn.push()
    report = inn.rekey(NEW, kdf=floor_params())
    assert report.remotes == ("old",)
    held = sorted(path.name for path in (tmp_path / "old").rglob("*"))
    with pytest.raises(RemoteOtherKey):
        inn.push("old")
    assert sorted(path.name for path in (tmp_path / "old").rglob("*")) == held
    inn.add_remote("new", str(tmp_path / "new"))
    inn.push("new")
    inn.verify("new")
    inn.dataset("inn").add_tags(["later"])
    inn.push("new")
    restore_store((tmp_path / "new").as_uri(), tmp_path / "back", passphrase=NEW)
    with rolethread_store.open(tmp_path / "back", NEW) as back:
        assert answers(back) == answers(inn)
        back.dataset("inn").add_tags(["and on"])
        back.push("new")


def crash_and_recover(original: Path, path: Path, at: int, before: Answers) -> None:
    shutil.copytree(original, path)
    died(path, PASSPHRASE, at, new_keys)
    try:
        store = rolethread_store.open(path, PASSPHRASE)
    except WrongPassphrase:
        store = rolethread_store.open(path, NEW)
    with store:
        assert answers(store) == before, at
        new_keys(store)
        assert answers(store) == before, at
    with rolethread_store.open(path, NEW) as again:
        again.dataset("inn").add_tags(["works"])
        left = {one.name for one in path.iterdir() if not one.name.startswith("tree-")}
        assert left <= {"STORE", "trust", "leases", "lock", "lock.info", "rekey.lock", "reserve"}, (
            at
        )
        assert sum(one.name.startswith("tree-") for one in path.iterdir()) == 1, at
    shutil.rmtree(path)


def steps(inn: Store, tmp_path: Path) -> tuple[int, int]:
    """How many operations a rekey takes, and which of them replaces the header."""
    inn.close()
    shutil.copytree(tmp_path / "store", tmp_path / "probe")
    operations = died(tmp_path / "probe", PASSPHRASE, NEVER, new_keys)
    return len(operations), switch_of(operations)


@pytest.mark.timeout(400)
def test_a_crash_leaves_the_old_store_or_the_new(inn: Store, tmp_path: Path) -> None:
    before = answers(inn)
    count, switch = steps(inn, tmp_path)
    for at in (count // 2, switch, switch + 1, count - 3):
        crash_and_recover(tmp_path / "store", tmp_path / f"at{at}", at, before)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_a_crash_anywhere_leaves_the_old_store_or_the_new(inn: Store, tmp_path: Path) -> None:
    before = answers(inn)
    count, _ = steps(inn, tmp_path)
    for at in range(count):
        crash_and_recover(tmp_path / "store", tmp_path / f"at{at}", at, before)
