"""A small store with a byte changed, a file cut, gone, copied or swapped: never a wrong answer.

Allowed are the answers of the undamaged store, or an error of the store's own families.
One thing more where the end of the newest log file goes missing: an earlier state of this
store, as after a crash before the last changes. What a manifest was published after is
not among those.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import settings

import rolethread_store
from rolethread_store.clock import SystemClock
from rolethread_store.crypto import Keyring, Secret, floor_params
from rolethread_store.dataset import Journal, Reader, StoreHeader
from rolethread_store.editing import bulk_tags
from rolethread_store.engine import Session
from rolethread_store.errors import Corrupt, Denied, NotFound, StoreError, Unsupported
from rolethread_store.storage import Disk, Layout
from rolethread_store.store import Store
from rolethread_store.store.opening import Unlocked, unlock
from rolethread_store.store.secrets import Secrets
from rolethread_store.testing.answers import Answers, answers

PASSPHRASE = "flip me if you can"
THOROUGH = settings().max_examples > 100
FLIPS = {
    folder: flips * (2 if THOROUGH else 1)
    for folder, flips in {"": 100, "log": 400, "manifests": 350, "segments": 150}.items()
}
"""Random flips by folder; slots and the lock apart, 1,000 in all, 2,000 in a thorough run."""
SLOT_FLIPS = 24
OTHER = "zwei · 二"


@dataclass
class Sample:
    """A small store and its keys, so that many openings are quick.

    Attributes:
        layout: Where it is.
        root: Its root key; a store wipes its keys when it closes.
        recovery_code: Opens it.
        states: Its answers after each change.
        published: The state when the last manifest was published.
        contents: Its files.
        session: The engine, for the next reading.
    """

    layout: Layout
    root: bytes
    recovery_code: str
    states: list[Answers]
    published: int
    contents: dict[Path, bytes]
    session: Session | None = None

    @property
    def keyring(self) -> Keyring:
        store_id = StoreHeader.decode(self.contents[self.layout.header]).store_id
        return Keyring(Secret(self.root), store_id)

    @property
    def answers(self) -> Answers:
        return self.states[-1]

    def read(self) -> Answers:
        """Open with known keys, ask everything, and close.

        One engine serves many openings; it keeps nothing of a file but its key.
        """
        disk = Disk(self.layout.staging)
        header = StoreHeader.decode(disk.read(self.layout.header))
        store = Store(Unlocked(self.layout, disk, header, self.keyring), SystemClock())
        reader: Reader = store._parts.reader
        reader._session = self.session
        try:
            return answers(store)
        finally:
            # The reader gives up an engine that failed; the next reading starts another.
            self.session, reader._session = reader._session, None
            store.close()

    def damaged(self, path: Path, content: bytes) -> Answers | StoreError:
        """Read with other bytes in one file."""
        path.write_bytes(content)
        try:
            return self.read()
        except StoreError as error:
            return error
        finally:
            path.write_bytes(self.contents[path])

    @property
    def newest_log(self) -> Path:
        return max(self.files(self.layout.logs))

    @property
    def unread(self) -> Path:
        """The manifest before the newest, which is kept and not opened."""
        return min(self.files(self.layout.manifests))

    @cached_property
    def idle(self) -> frozenset[Path]:
        """The segments that only earlier states need, which an undo would read."""
        disk = Disk(self.layout.staging)
        header = StoreHeader.decode(disk.read(self.layout.header))
        journal = Journal(self.layout, disk, self.keyring, SystemClock())
        assert header.tree == ""
        used: set[Path] = set()
        for fold in journal.existing():
            set_aside = [one.quarantine_id for _, one in fold.attached if one.quarantine_id]
            parts = [journal.batch(layer.batch_id).only(layer.segments) for layer in fold.layers]
            for batch in (*parts, *map(journal.batch, set_aside)):
                used |= {self.layout.segment(batch.batch_id, one.number) for one in batch.segments}
        journal.close()
        return frozenset(set(self.files(self.layout.segments)) - used)

    def files(self, folder: Path) -> list[Path]:
        return [path for path in self.contents if path.parent == folder]


def line(content: str, *tags: str) -> str:
    messages = [{"role": "user", "content": content}, {"role": "assistant", "content": content * 3}]
    return json.dumps({"messages": messages, "tags": list(tags)}) + "\n"


def first_life(store: Store, folder: Path) -> Iterator[None]:
    """Make a store with everything in it; stops after each change."""
    first, second = folder / "first.jsonl", folder / "second.jsonl"
    first.write_text("".join(line(f"one {n}", "a") for n in range(6)) + "{broken\n")
    second.write_text("".join(line(f"two {n}", "b", "c") for n in range(4)))
    one = store.dataset("one")
    one.import_file(first)
    yield
    store.dataset(OTHER).import_file(second)
    yield
    ids = [entry.entry_id for entry in one.page()]
    one.edit(ids[0], message=0, content="edited")
    yield
    one.delete([ids[1]])
    yield
    one.add_tags(["patched"])
    yield
    store.checkpoint()


def second_life(store: Store) -> Iterator[None]:
    """Change it further; no manifest is published any more."""
    one, other = store.dataset("one"), store.dataset(OTHER)
    one.edit(one.page()[2].entry_id, message=1, content="edited after the checkpoint")
    yield
    ids = [entry.entry_id for entry in other.page()]
    other.remove_tags(["b"], entries=ids[:2])
    yield
    other.edit(ids[3], message=0, content="edited and undone")
    yield
    store.undo()
    yield
    store.add_remote("stick", "file:///nowhere")
    yield


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    folder = tmp_path_factory.mktemp("flips")
    path = folder / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bulk_tags.__globals__, "INLINE_LIMIT", 2)
        with rolethread_store.create(path, passphrase=PASSPHRASE, kdf=floor_params()) as store:
            code = store.recovery_code
            assert code is not None
            states = [answers(store) for _ in first_life(store, folder)]
            published = len(states) - 1
        with rolethread_store.open(path, recovery_code=code) as store:
            states += [answers(store) for _ in second_life(store)]
            root = store._parts.journal.keyring.root.reveal()
            layout = store._parts.journal.layout
    assert len(list(layout.logs.iterdir())) == 2
    files = sorted(path for path in path.rglob("*") if path.is_file())
    contents = {path: path.read_bytes() for path in files if path != layout.reserve}
    sample = Sample(layout, root, code, states, published, contents)
    assert sample.read() == sample.answers
    yield sample
    if sample.session is not None:
        sample.session.close()


def is_harmless(sample: Sample, result: Answers | StoreError) -> bool:
    """The answers of the undamaged store, or an error that says it is damaged or unknown."""
    return isinstance(result, Corrupt | Unsupported) or result == sample.answers


def flipped(content: bytes, place: int, mask: int) -> bytes:
    return content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :]


def flip_and_read(sample: Sample, places: Iterable[tuple[Path, int, int]]) -> Counter[str]:
    """Flip one byte after the other; return how many flips went unnoticed, by file name."""
    unnoticed: Counter[str] = Counter()
    for path, place, mask in places:
        result = sample.damaged(path, flipped(sample.contents[path], place, mask))
        what = f"{path.relative_to(sample.layout.root)}, byte {place}, mask {mask:#x}: {result!r}"
        assert is_harmless(sample, result), what
        if not isinstance(result, StoreError):
            unnoticed[path.name] += 1
            # The magic of a Parquet file decides nothing; all other bytes are sealed.
            assert path.suffix != ".parquet" or place < 4, what
    return unnoticed


def sealed_files(sample: Sample) -> list[Path]:
    """Every file that is read without a key derivation."""
    return [path for path in sample.contents if path.parent != sample.layout.keys]


def test_enough_bytes_are_flipped() -> None:
    assert sum(FLIPS.values()) >= (2_000 if THOROUGH else 1_000)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("folder", "flips"), FLIPS.items())
def test_random_flips(sample: Sample, folder: str, flips: int) -> None:
    seed = random.randrange(2**32)
    source = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201 - to repeat a failure
    unread = {sample.unread, *sample.idle}
    files = [path for path in sample.files(sample.layout.root / folder) if path not in unread]
    places = [(path, n) for path in files for n in range(len(sample.contents[path]))]
    chosen = [(*source.choice(places), source.randrange(1, 256)) for _ in range(flips)]
    unnoticed = flip_and_read(sample, chosen)
    # The mark that a log was closed in order adds nothing to what is in it.
    assert folder in ("log", "segments") or not unnoticed


def test_flips_of_what_is_not_read_any_more(sample: Sample) -> None:
    size = len(sample.contents[sample.unread])
    flips = [(sample.unread, place, 0x10) for place in range(0, size, size // 10)]
    assert flip_and_read(sample, flips).total() == len(flips)


@pytest.mark.deep
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("folder", FLIPS)
def test_flips_of_every_bit(sample: Sample, folder: str) -> None:
    """Every bit where no engine is needed to find it; of segments one bit of every byte."""
    flip_and_read(
        sample,
        (
            (path, place, 1 << bit)
            for path in sample.files(sample.layout.root / folder)
            if path not in {sample.unread, *sample.idle}
            for place in range(len(sample.contents[path]))
            for bit in ([place % 8] if folder == "segments" else range(8))
        ),
    )


def test_flips_through_the_public_door(sample: Sample) -> None:
    """The same verdict from a fresh engine and keys from the store itself."""
    source = random.Random(2)
    for path in sealed_files(sample):
        content = sample.contents[path]
        if not content:
            continue
        changed = flipped(content, source.randrange(len(content)), source.randrange(1, 256))
        expected = sample.damaged(path, changed)
        path.write_bytes(changed)
        found: Answers | StoreError
        try:
            with rolethread_store.open(
                sample.layout.root, recovery_code=sample.recovery_code
            ) as store:
                found = answers(store)
        except StoreError as error:
            found = error
        finally:
            path.write_bytes(content)
        assert type(found) is type(expected), path
        assert is_harmless(sample, found)


@pytest.mark.parametrize("secret", ["passphrase", "recovery code"])
def test_flips_of_key_slots(sample: Sample, secret: str) -> None:
    """A slot opens the store or does not; the other slot's damage changes nothing."""
    source = random.Random(secret)
    for path in sample.files(sample.layout.keys):
        content = sample.contents[path]
        for _ in range(SLOT_FLIPS // 4):
            path.write_bytes(
                flipped(content, source.randrange(len(content)), 1 << source.randrange(8))
            )
            try:
                unlocked = unlock(
                    sample.layout.root,
                    Secrets(PASSPHRASE)
                    if secret == "passphrase"
                    else Secrets(recovery_code=sample.recovery_code),
                )
                with Store(unlocked, SystemClock()) as store:
                    assert store.log() == sample.answers.log
            except (Corrupt, Denied, Unsupported):
                pass
            finally:
                path.write_bytes(content)


def test_damage_stops_an_edit_before_it_commits(sample: Sample) -> None:
    """Whether an entry is there is read from its segment; a damaged one gives no answer."""
    entry = sample.answers.pages["one"][-1].entry_id
    before = sample.contents
    for path in sample.files(sample.layout.segments):
        path.write_bytes(flipped(before[path], len(before[path]) - 1, 1))
    try:
        disk = Disk(sample.layout.staging)
        header = StoreHeader.decode(before[sample.layout.header])
        unlocked = Unlocked(sample.layout, disk, header, sample.keyring)
        with Store(unlocked, SystemClock()) as store, pytest.raises(Corrupt, match="segment"):
            store.edit(entry, message=0, content="built on sand")
    finally:
        for path in sample.files(sample.layout.segments):
            path.write_bytes(before[path])
    assert {p: p.read_bytes() for p in before if p.is_file()} == before
    assert sample.read() == sample.answers


def cuts(content: bytes, source: random.Random) -> Iterator[bytes]:
    """Yield the content cut short and prolonged in several ways."""
    if content:
        for size in {0, 1, len(content) // 2, len(content) - 1}:
            yield content[:size]
        for _ in range(3 if THOROUGH else 1):
            yield content[: source.randrange(len(content))]
        yield bytes(len(content))
        yield content + content
    yield content + b"\0"
    yield content + bytes(100)
    yield content + source.randbytes(40)


def test_files_cut_or_prolonged(sample: Sample) -> None:
    source = random.Random(3)
    newest = sample.newest_log
    for path in sealed_files(sample):
        for content in cuts(sample.contents[path], source):
            if not THOROUGH and source.random() < 0.5:
                continue
            result = sample.damaged(path, content)
            known = path == newest and result in sample.states[sample.published :]
            assert known or is_harmless(sample, result), (path, len(content), result)


def test_log_that_lacks_its_end_is_an_earlier_state(sample: Sample) -> None:
    """Every cut of the newest log file gives one of the states that was once true."""
    content = sample.contents[sample.newest_log]
    found = []
    for size in range(0, len(content), 61 if THOROUGH else 211):
        result = sample.damaged(sample.newest_log, content[:size])
        assert result in sample.states[sample.published :], (size, result)
        found.append(sample.states.index(result))
    assert found == sorted(found)
    assert set(found) >= set(range(sample.published, len(sample.states) - 1))


def test_files_that_are_gone(sample: Sample) -> None:
    for path in sealed_files(sample):
        path.unlink()
        result: Answers | StoreError
        try:
            result = sample.read()
        except StoreError as error:
            result = error
        finally:
            path.write_bytes(sample.contents[path])
        if path == sample.newest_log:
            assert result == sample.states[sample.published]
        elif path == sample.layout.header:
            assert isinstance(result, NotFound)
        else:
            assert is_harmless(sample, result), (path, result)


def test_files_that_changed_places(sample: Sample) -> None:
    layout = sample.layout
    for folder in (layout.segments, layout.logs, layout.manifests):
        for one, other in combinations(sample.files(folder), 2):
            other.write_bytes(sample.contents[one])
            try:
                replaced = sample.damaged(one, sample.contents[one])
                swapped = sample.damaged(one, sample.contents[other])
            finally:
                other.write_bytes(sample.contents[other])
            assert is_harmless(sample, replaced), (one, other, replaced)
            assert is_harmless(sample, swapped), (one, other, swapped)
            if folder == layout.segments:
                assert isinstance(replaced, Corrupt) or other in sample.idle, (one, other)
                assert isinstance(swapped, Corrupt) or {one, other} <= sample.idle, (one, other)


def test_copies_beside_the_files(sample: Sample) -> None:
    """What a sync tool leaves beside a file is no part of the store; a forged name is refused."""
    layout = sample.layout
    for path in sealed_files(sample):
        copy = path.with_name(f"{path.stem} (conflicted copy){path.suffix}")
        copy.write_bytes(sample.contents[path])
        try:
            assert sample.read() == sample.answers, copy
        finally:
            copy.unlink()
    newest = max(sample.files(layout.manifests))
    forged = [
        (layout.manifest(int(newest.stem, 16) + 1), newest),
        (layout.log(9, UUID(int=7)), sample.newest_log),
    ]
    for path, original in forged:
        path.write_bytes(sample.contents[original])
        try:
            with pytest.raises(Corrupt):
                sample.read()
        finally:
            path.unlink()


def test_files_of_another_store(sample: Sample, tmp_path: Path) -> None:
    """The same passphrase, the same imports, another store: nothing of it is taken."""
    other = tmp_path / "other"
    with rolethread_store.create(other, passphrase=PASSPHRASE, kdf=floor_params()) as store:
        for _ in first_life(store, tmp_path):
            pass
    folders = {
        folder: sorted((other / folder.name).iterdir())
        for folder in (sample.layout.segments, sample.layout.logs, sample.layout.manifests)
    }
    for folder, foreign in folders.items():
        newest = max(sample.files(folder))
        for path in foreign:
            result = sample.damaged(newest, path.read_bytes())
            assert isinstance(result, Corrupt), (newest, path, result)
    assert isinstance(sample.damaged(sample.layout.header, (other / "STORE").read_bytes()), Corrupt)
    for slot in sample.files(sample.layout.keys):
        for path in (other / "keys").iterdir():
            slot.write_bytes(path.read_bytes())
            try:
                with pytest.raises((Corrupt, Denied)):
                    open_both(sample)
            finally:
                slot.write_bytes(sample.contents[slot])


def open_both(sample: Sample) -> None:
    """Open with either secret."""
    unlock(sample.layout.root, Secrets(recovery_code=sample.recovery_code))
    unlock(sample.layout.root, Secrets(PASSPHRASE))
