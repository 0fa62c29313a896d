"""Rows of changes to a small store, to be interrupted at every operation of the disk.

A workflow is a few acts. Each act is acknowledged when it returns; :func:`perform` keeps,
with the record of the disk, after which operation that was and what the store then
answered. Whoever crashes it knows so what must be there: what was acknowledged, and at
most the one act under way, whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from uuid import UUID

from rolethread_store.clock import SystemClock
from rolethread_store.crypto import EnvelopeForeignKey, KdfParams, Keyring, Secret, floor_params
from rolethread_store.dataset import Reader, StoreHeader
from rolethread_store.engine import Session
from rolethread_store.errors import StoreError
from rolethread_store.storage import Disk, Layout
from rolethread_store.store import Store, create_store
from rolethread_store.store.opening import Unlocked
from rolethread_store.store.secrets import Secrets, root_key, slot_bytes
from rolethread_store.testing.answers import Answers, answers
from rolethread_store.testing.crashing import records
from rolethread_store.testing.recording import Recorded, Recorder, Tree

__all__ = ["WORKFLOWS", "Act", "Performed", "Place", "Setting", "make_setting", "perform"]

_ENTRIES = 6
_PASSPHRASE = "every crash there is"  # noqa: S105 - of a store that holds nothing of anybody


@dataclass(frozen=True)
class Setting:
    """A small store to begin with.

    Attributes:
        tree: Its files, below ``store/``.
        root_key: Its root key, so that opening it needs no slow derivation.
        header: Its public header.
        recovery_code: Opens it through the public door.
        entries: The entries of its dataset ``tavern``.
        source: A file to import, with a record that cannot be read.
    """

    tree: Tree
    root_key: bytes
    header: StoreHeader
    recovery_code: str
    entries: tuple[UUID, ...]
    source: Path


@dataclass
class Place:
    """A folder in which one store after the other is laid down and opened.

    One engine serves all of them: it takes 90 ms to start and keeps nothing of a file but
    the key of its batch.

    Attributes:
        root: The folder.
        setting: Whose keys open what is laid down there.
        store: The store that is open now, in a workflow.
        later_keys: Root keys that the store was given since.
    """

    root: Path
    setting: Setting
    store: Store | None = None
    later_keys: list[bytes] = field(default_factory=list, repr=False)
    disk: Callable[[Path], Disk] = Disk
    _sessions: dict[str, Session] = field(default_factory=dict, repr=False)

    @property
    def layout(self) -> Layout:
        """Where the store lies."""
        return Layout(self.root / "store")

    @property
    def tavern(self) -> str:
        """Name of the dataset that is there from the beginning."""
        return "tavern"

    @property
    def current(self) -> Store:
        """The open store, opened now if there is none."""
        if self.store is None:
            self.store = self.open()
        return self.store

    def lay_down(self, tree: Tree) -> None:
        """Put a store there in place of what is there."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        tree.write_to(self.root)

    def open(self) -> Store:
        """Open what is there, with whichever of the known keys fits.

        Raises:
            EnvelopeForeignKey: none does.
        """
        disk = self.disk(self.layout.staging)
        header = StoreHeader.decode(disk.read(self.layout.header))
        layout = self.layout.in_tree(header.tree)
        disk.stage_in(layout.staging)
        *keys, last = (self.setting.root_key, *self.later_keys)
        for key in keys:
            with suppress(EnvelopeForeignKey):
                return self._opened_by(key, layout, disk, header)
        return self._opened_by(last, layout, disk, header)

    def _opened_by(self, key: bytes, layout: Layout, disk: Disk, header: StoreHeader) -> Store:
        keyring = Keyring(Secret(key), self.setting.header.store_id)
        return Store(Unlocked(layout, disk, header, keyring), SystemClock())

    def rekey(self) -> None:
        """Give the open store new keys, and remember them."""
        try:
            self.current.rekey(_PASSPHRASE, kdf=floor_params())
        except StoreError:
            # A disk that fails for good may refuse to take the new keys back, too.
            self.later_keys.append(self._present_root())
            raise
        self.later_keys.append(self.current._parts.journal.keyring.root.reveal())

    def _present_root(self) -> bytes:
        """Open what is there with the passphrase, on a disk that is well."""
        disk = Disk(self.layout.staging)
        header = StoreHeader.decode(disk.read(self.layout.header))
        slots = slot_bytes(self.layout.in_tree(header.tree), disk)
        secrets = Secrets(passphrase=_PASSPHRASE)
        return root_key(list(slots.values()), header.store_id, secrets)[1].reveal()

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """Open what is there, with the shared engine, and close it."""
        store = self.open()
        reader: Reader = store._parts.reader
        # An engine may read the segments of the one tree it was made for.
        tree = store._parts.journal.layout.tree
        reader._session = self._sessions.pop(tree, None)
        try:
            yield store
        finally:
            # The reader gives up an engine that failed; the next reading starts another.
            if reader._session is not None:
                self._sessions[tree] = reader._session
            reader._session = None
            store.close()

    def reopen(self) -> None:
        """Close the open store in order; the next act opens it again."""
        self.current.close()
        self.store = None

    def abandon(self) -> None:
        """Let go of the open store as a killed process does: nothing more is written."""
        store, self.store = self.current, None
        store._parts.upkeep.wait()
        store._parts.reader.close()
        store._parts.room.close()
        journal = store._parts.journal
        journal._lock.release()
        journal.lease._lock.release()
        journal._writer = None

    def let_go(self) -> None:
        """Close the store if one is open, and give it back the plain disk."""
        if self.store is not None:
            self.reopen()
        self.disk = Disk

    def close(self) -> None:
        """Give up the engine and the store."""
        self.let_go()
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def __enter__(self) -> Self:
        """Return the place."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


Act = Callable[[Place], object]


def _imported(dataset: str) -> Act:
    return lambda place: place.current.dataset(dataset).import_file(
        place.setting.source, again=True
    )


def _edited(entry: int, text: str) -> Act:
    return lambda place: place.current.edit(
        place.setting.entries[entry], message=0, content=f"{text}, " * 9
    )


def _deleted(*entries: int) -> Act:
    return lambda place: place.current.delete([place.setting.entries[n] for n in entries])


def _tagged(tag: str) -> Act:
    return lambda place: place.current.dataset(place.tavern).add_tags([tag])


def _undone(place: Place) -> object:
    return place.current.undo()


def _redone(place: Place) -> object:
    return place.current.redo()


def _folded(place: Place) -> object:
    return place.current.checkpoint()


def _forgotten(place: Place) -> object:
    return place.current.keep_history("0MB")


def _transacted(place: Place) -> object:
    with place.current.transaction("several at once") as block:
        for number in (1, 3):
            _edited(number, "together")(place)
        _deleted(5)(place)
    return block.change


def _published(place: Place) -> object:
    return place.current.dataset(place.tavern).publish("for ever")


def _went_back(place: Place) -> object:
    return place.current.dataset(place.tavern).checkout(1)


def _forked(place: Place) -> object:
    return place.current.dataset(place.tavern).fork("aside")


def _new_code(place: Place) -> object:
    return place.current.add_slot("recovery-code", label="another")


def _without_old_code(place: Place) -> object:
    return place.current.remove_slot("recovery code")


def _new_passphrase(place: Place) -> object:
    return place.current.change_passphrase(_PASSPHRASE[::-1], old=_PASSPHRASE, kdf=floor_params())


def _named(place: Place) -> object:
    return place.current.add_remote("stick", "file:///nowhere")


WORKFLOWS: dict[str, tuple[Act, ...]] = {
    "edit": (_edited(1, "edited"),),
    "edits": tuple(_edited(n, f"edit {n}") for n in range(4)),
    "long edit": (_edited(1, "long" * 900), _edited(2, "after it")),
    "delete": (_deleted(0, 2),),
    "bulk tag": (_tagged("many"),),
    "undo": (_undone, _undone),
    "redo": (_undone, _redone),
    "undo of a bulk tag": (_tagged("many"), _undone, _edited(3, "instead")),
    "import": (_imported("tavern"),),
    "import of a new dataset": (_imported("more"), _edited(0, "after it")),
    "two imports": (_imported("more"), _imported("more"), _undone),
    "checkpoint": (_edited(1, "folded"), _folded, _edited(2, "after it")),
    "checkpoint that rewrites": (_tagged("a"), _tagged("b"), _deleted(4), _folded, _undone),
    "remote": (_named,),
    "transaction": (_edited(2, "before"), _transacted, _undone),
    "versions": (_published, _edited(1, "after it"), _forked, _went_back),
    "key slots": (_new_code, _without_old_code, _edited(1, "after it")),
    "passphrase": (_new_passphrase, _edited(1, "after it")),
    "close and reopen": (_edited(1, "first"), Place.reopen, _edited(2, "second"), Place.reopen),
    "rekey": (_edited(1, "before"), Place.rekey, _edited(2, "after it"), _undone),
    "expiry": (_edited(1, "before"), _forgotten, _edited(2, "after it")),
    "killed and reopened": (_edited(1, "first"), Place.abandon, _edited(2, "second"), _undone),
    "killed before a manifest": (_edited(1, "first"), Place.abandon, _tagged("many")),
}
"""Workflows by name; with ``INLINE_LIMIT`` and ``UPPER_LIMIT`` at 2 they reach every path."""


@dataclass(frozen=True)
class Performed:
    """A workflow that was carried out.

    Attributes:
        base: What was there before.
        operations: What was done to the disk.
        marks: Per act, how many operations had been done when it was acknowledged.
        states: What the store answered before the first act and after each.
    """

    base: Tree
    operations: tuple[Recorded, ...]
    marks: tuple[int, ...]
    states: tuple[Answers, ...]

    def allowed(self, after: int) -> tuple[Answers, ...]:
        """Return the states that may be found when the machine stops after some operations."""
        acknowledged = sum(mark <= after for mark in self.marks)
        return self.states[acknowledged : acknowledged + 2]


def make_setting(folder: Path, kdf: KdfParams | None = None) -> Setting:
    """Make the store that workflows begin with, in an empty folder."""
    source = folder / "source.jsonl"
    source.write_text(records(_ENTRIES) + "no JSON\n", encoding="utf-8")
    with create_store(
        folder / "home" / "store", passphrase=_PASSPHRASE, kdf=kdf or floor_params()
    ) as store:
        store.dataset("tavern").import_file(source)
        entries = tuple(entry.entry_id for entry in store.dataset("tavern").page())
        store.edit(entries[0], message=0, content="pending from the beginning")
        keyring = store._parts.journal.keyring
        header = StoreHeader(keyring.store_id)
        root_key, code = keyring.root.reveal(), store.recovery_code or ""
    return Setting(Tree.of(folder / "home"), root_key, header, code, entries, source)


def perform(place: Place, acts: tuple[Act, ...]) -> Performed:
    """Carry out a workflow on a recording disk."""
    place.lay_down(place.setting.tree)
    with place.opened() as store:
        states = [answers(store)]
    recorder = Recorder(place.root)
    base = Tree.of(place.root)
    place.disk = recorder.disk
    marks = []
    try:
        for act in acts:
            act(place)
            marks.append(len(recorder.operations))
            states.append(_looked_at(place))
        if place.store is not None:
            place.reopen()
    finally:
        place.disk = Disk
    return Performed(base, tuple(recorder.operations), tuple(marks), tuple(states))


def _looked_at(place: Place) -> Answers:
    """Ask the open store, or a reader beside it when it was closed."""
    if place.store is not None:
        return answers(place.store)
    with place.opened() as store:
        return answers(store)
