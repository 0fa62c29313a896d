"""From change sets to the state of one working copy or version, without reading any row.

The fold keeps what a snapshot needs: the name, the layers of immutable rows in order,
and per entry the pending changes since those layers. Taking a set out again is exact,
because every layer and every pending change carries the sequence number of its set.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, NamedTuple
from uuid import UUID

from rolethread_store.changelog.copies import MAIN
from rolethread_store.errors import Corrupt
from rolethread_store.model import (
    BatchAttached,
    BatchKind,
    ChangeSet,
    DatasetChange,
    DatasetCreated,
    DatasetDropped,
    DatasetRenamed,
    EntriesDeleted,
    EntryAdded,
    EntryChange,
    Expired,
    Mended,
    TagsChanged,
    TagsPatched,
)

__all__ = ["BaseLacking", "DatasetFold", "Layer", "PendingChange", "entries_of", "touched_entries"]


class BaseLacking(Corrupt):
    """The content of a change has expired, and no checkpoint holds what it led to."""

    code: ClassVar[str] = "changelog.base-lacking"


@dataclass(frozen=True, slots=True)
class Layer:
    """A batch that lies over the earlier ones.

    Attributes:
        seq: Set that brought it.
        kind: ``ENTRIES`` adds rows; of rows below it ``TAGS`` replaces tags, ``TEXTS`` some texts,
            and ``MASK`` hides some.
        batch_id: The batch.
        segments: Numbers of the segments that are still meant, ``None`` for all.
    """

    seq: int
    kind: BatchKind
    batch_id: UUID
    segments: tuple[int, ...] | None = None


class PendingChange(NamedTuple):
    """A change to one entry that is not in any layer yet."""

    seq: int
    at: datetime
    change: EntryChange


@dataclass
class DatasetFold:
    """The state of one working copy or version, as far as the log tells it.

    Attributes:
        dataset_id: The working copy, which for a dataset's main one is the dataset itself.
        family: All working copies of the dataset: a state may begin with sets of another.
        working_copy: Its name.
        version: The version this is, ``None`` for a working copy.
        names: Names it had, with the set that gave them; the last one counts.
        layers: Immutable rows, lowest first.
        attached: Imports in effect, with their sequence numbers.
        pending: Changes by entry, in order.
        dirty: Entries whose pending changes differ from what was last materialised.
        dropped: Sets that dropped the dataset.
        base_top: Newest set that the lowest layers already hold, ``None`` without a base.
    """

    dataset_id: UUID
    family: Set[UUID] = frozenset()
    working_copy: str = MAIN
    version: int | None = None
    names: list[tuple[int, str]] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    attached: list[tuple[int, BatchAttached]] = field(default_factory=list)
    pending: dict[UUID, list[PendingChange]] = field(default_factory=dict)
    dirty: set[UUID] = field(default_factory=set)
    dropped: list[int] = field(default_factory=list)
    base_top: UUID | None = None

    def __post_init__(self) -> None:
        """Take a dataset without other working copies for a family of its own."""
        if not self.family:
            self.family = frozenset((self.dataset_id,))

    @property
    def key(self) -> str:
        """What tells this state from the others of the store, for names of tables."""
        suffix = "" if self.version is None else f"_v{self.version}"
        return f"{self.dataset_id.hex}{suffix}"

    @property
    def name(self) -> str:
        """Present name; empty when the dataset was never created."""
        return self.names[-1][1] if self.names else ""

    @property
    def exists(self) -> bool:
        """Whether the dataset is there now."""
        return bool(self.names) and not self.dropped

    @property
    def batch_ids(self) -> list[UUID]:
        """Every batch it needs, quarantine and originals included."""
        found = [layer.batch_id for layer in self.layers]
        for _, one in self.attached:
            found += [batch for batch in (one.quarantine_id, one.originals_id) if batch]
        return found

    @property
    def mended(self) -> list[Mended]:
        """What imports in effect took from the quarantine of imports in effect."""
        own = {attached.quarantine_id for _, attached in self.attached}
        every = [one for _, attached in self.attached for one in attached.mended]
        return [one for one in every if one.quarantine_id in own]

    @property
    def quarantined(self) -> int:
        """Records that are set aside now."""
        aside = sum(attached.quarantined for _, attached in self.attached)
        return aside - sum(one.rows for one in self.mended)

    def frozen(self) -> DatasetFold:
        """Return a copy that later changes do not touch."""
        return replace(
            self,
            names=list(self.names),
            layers=list(self.layers),
            attached=list(self.attached),
            pending={entry_id: list(items) for entry_id, items in self.pending.items()},
            dirty=set(self.pending),
            dropped=list(self.dropped),
        )

    def rest_on(self, layers: Iterable[Layer], top: ChangeSet) -> None:
        """Put a checkpoint under what came after it.

        Args:
            layers: The state up to ``top``, all of it.
            top: Newest set that the layers hold.
        """
        held = top.seq
        later: dict[UUID, list[PendingChange]] = {}
        folded: list[UUID] = []
        # In order, so that the ends tell of nearly every entry: an edit waits for this.
        for entry_id, items in self.pending.items():
            if items[-1].seq > held:
                later[entry_id] = [item for item in items if item.seq > held]
            if items[0].seq <= held:
                folded.append(entry_id)
        self.dirty.update(folded)
        # Layers first: who looks in between finds a change twice, which is once, and never
        # not at all.
        self.layers = [*layers, *(layer for layer in self.layers if layer.seq > top.seq)]
        self.pending = later
        self.base_top = top.set_id

    def apply_all(self, records: Iterable[ChangeSet]) -> None:
        """Apply sets in order."""
        for record in records:
            self.apply(record)

    def apply(self, record: ChangeSet, *, rows: bool = True) -> None:
        """Put a set into effect; without ``rows`` only what a base does not hold."""
        for change in record.changes:
            # By kind: pydantic's class checks would cost an edit more than the rest of this.
            if change.kind == "fact-put" or change.kind == "fact-removed":
                continue
            if change.dataset_id not in self.family:
                continue
            if change.kind == "message-edited":
                if rows:
                    self._pend(record, change, change.entry_id)
                continue
            self._apply_listing(record, change)
            if rows:
                self._apply_rows(record, change)

    def holds(self, record: ChangeSet) -> bool:
        """Return whether a set that changes rows is in effect here and above the base."""
        seq = record.seq
        if any(item.seq == seq for item in self.layers) or seq in (s for s, _ in self.attached):
            return True
        touched = touched_entries(record, self.family)
        return (
            any(item.seq == seq for item in self.pending.get(touched[0], ())) if touched else False
        )

    def put_in(self, record: ChangeSet) -> None:
        """Put an earlier set back into effect, at its place among the later ones."""
        self.apply(record)
        self.names.sort(key=lambda item: item[0])
        self.layers.sort(key=lambda layer: layer.seq)
        self.attached.sort(key=lambda item: item[0])
        for entry_id in touched_entries(record, self.family):
            self.pending[entry_id].sort(key=lambda item: item.seq)

    def take_out(self, record: ChangeSet) -> None:
        """Take a set that no base holds out of effect."""
        seq = record.seq
        self.names = [item for item in self.names if item[0] != seq]
        self.layers = [layer for layer in self.layers if layer.seq != seq]
        self.attached = [item for item in self.attached if item[0] != seq]
        self.dropped = [item for item in self.dropped if item != seq]
        for entry_id in touched_entries(record, self.family):
            kept = [item for item in self.pending.get(entry_id, ()) if item.seq != seq]
            if kept:
                self.pending[entry_id] = kept
            else:
                self.pending.pop(entry_id, None)
            self.dirty.add(entry_id)
        self._refresh_after_patch(record)

    def _apply_listing(self, record: ChangeSet, change: DatasetChange) -> None:
        match change:
            case DatasetCreated() | DatasetRenamed():
                self.names.append((record.seq, change.name))
            case DatasetDropped():
                self.dropped.append(record.seq)
            case BatchAttached():
                self.attached.append((record.seq, change))
            case _:
                pass

    def _apply_rows(self, record: ChangeSet, change: DatasetChange) -> None:
        if isinstance(change, BatchAttached):
            if change.batch_id is not None:
                self.layers.append(Layer(record.seq, BatchKind.ENTRIES, change.batch_id))
        elif isinstance(change, Expired):
            raise BaseLacking(f"change {record.seq} has expired, and no checkpoint holds its rows")
        elif isinstance(change, TagsPatched):
            self.layers.append(Layer(record.seq, BatchKind.TAGS, change.batch_id))
            self._refresh_after_patch(record)
        elif isinstance(change, EntryChange):
            for entry_id in entries_of(change):
                self._pend(record, change, entry_id)

    def _pend(self, record: ChangeSet, change: EntryChange, entry_id: UUID) -> None:
        item = PendingChange(record.seq, record.at, change)
        self.pending.setdefault(entry_id, []).append(item)
        self.dirty.add(entry_id)

    def _refresh_after_patch(self, record: ChangeSet) -> None:
        """A patch lies between pending changes in time: entries that have some are redone."""
        if any(
            isinstance(change, TagsPatched) and change.dataset_id in self.family
            for change in record.changes
        ):
            self.dirty.update(self.pending)


def entries_of(change: EntryChange) -> tuple[UUID, ...]:
    """Return the entries a change is about."""
    if isinstance(change, TagsChanged | EntriesDeleted):
        return change.entry_ids
    if isinstance(change, EntryAdded):
        return (change.entry.entry_id,)
    return (change.entry_id,)


def touched_entries(record: ChangeSet, family: Set[UUID]) -> list[UUID]:
    """Return the entries of a dataset that a set changes one by one."""
    found: dict[UUID, None] = {}
    for change in record.changes:
        if change.kind == "message-edited":
            if change.dataset_id in family:
                found[change.entry_id] = None
        elif isinstance(change, EntryChange) and change.dataset_id in family:
            found.update(dict.fromkeys(entries_of(change)))
    return list(found)
