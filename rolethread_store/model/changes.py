"""Changes: the values every mutation of a store is made of.

A change says what is so afterwards, never what was before: the state of a dataset is
the fold of its effective change sets, so undo takes a set out of that list instead of
computing an inverse, and a change stays small however long the entry is.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from rolethread_store.model.entry import Entry, Message
from rolethread_store.model.facts import Fact, FactKind
from rolethread_store.model.working_copies import WorkingCopyChange

__all__ = [
    "ENTRY_KINDS",
    "BatchAttached",
    "Change",
    "DatasetChange",
    "DatasetCreated",
    "DatasetDropped",
    "DatasetRenamed",
    "EntriesDeleted",
    "EntryAdded",
    "EntryChange",
    "EntryMoved",
    "EntryRewritten",
    "Expired",
    "FactPut",
    "FactRemoved",
    "Mended",
    "MessageEdited",
    "Source",
    "TagsChanged",
    "TagsPatched",
]


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _OfDataset(_Change):
    dataset_id: UUID


class Framing(_Change):
    """What a file has around its records.

    Attributes:
        head: Before the first.
        between: Between two, but for those that say otherwise.
        tail: Behind the last.
    """

    head: str = ""
    between: str = "\n"
    tail: str = "\n"


class Source(_Change):
    """One file that an import read.

    Attributes:
        name: File name as given, without its folder.
        records: Records found in it: ``kept + duplicates + quarantined``, always.
        kept: Records that became entries or definitions.
        quarantined: Records set aside with a reason.
        duplicates: Records passed over, because the same file was imported before.
        entries: Entries made, where they are not as many as the records kept.
        digest: XXH3-128 (hex) of the file's bytes.
        size: Their number.
        framing: What it had around its records, where originals were kept.
    """

    name: str
    records: int
    kept: int
    quarantined: int
    duplicates: int = 0
    entries: int | None = None
    digest: str | None = None
    size: int | None = None
    framing: Framing | None = None


class Mended(_Change):
    """Records set aside by an earlier import that a later one could read.

    Attributes:
        quarantine_id: The batch that holds them.
        import_id: The earlier import, as the rows of the batch name it.
        source: Its file.
        runs: First and last number of neighbouring records.
        rows: How many records they are; two files of one name have two of one number.
    """

    quarantine_id: UUID
    import_id: UUID
    source: str
    runs: tuple[tuple[int, int], ...]
    rows: int


class DatasetCreated(_OfDataset):
    """A dataset came to be."""

    kind: Literal["dataset-created"] = "dataset-created"
    name: str


class DatasetRenamed(_OfDataset):
    """A dataset has another name."""

    kind: Literal["dataset-renamed"] = "dataset-renamed"
    name: str


class DatasetDropped(_OfDataset):
    """A dataset is no longer listed."""

    kind: Literal["dataset-dropped"] = "dataset-dropped"


class BatchAttached(_OfDataset):
    """An import added a batch of entries, and set others aside.

    Attributes:
        import_id: The import; each entry's origin names it.
        batch_id: The entries, or ``None`` when no record was good.
        quarantine_id: The quarantined records, or ``None`` when all were good.
        originals_id: Bytes of records that no export gives back by itself, if any are kept.
        sources: What was read, file by file.
        mended: What it read again and took from quarantine by that.
    """

    kind: Literal["batch-attached"] = "batch-attached"
    import_id: UUID
    batch_id: UUID | None = None
    quarantine_id: UUID | None = None
    originals_id: UUID | None = None
    sources: tuple[Source, ...]
    mended: tuple[Mended, ...] = ()

    @property
    def kept(self) -> int:
        """Entries that were added."""
        return sum(
            source.kept if source.entries is None else source.entries for source in self.sources
        )

    @property
    def quarantined(self) -> int:
        """Records that were set aside."""
        return sum(source.quarantined for source in self.sources)


class TagsPatched(_OfDataset):
    """A batch of (entry_id, tags) replaces the tags of many entries at once."""

    kind: Literal["tags-patched"] = "tags-patched"
    batch_id: UUID
    rows: int


class EntryAdded(_OfDataset):
    """One entry was written."""

    kind: Literal["entry-added"] = "entry-added"
    entry: Entry


class MessageEdited(_OfDataset):
    """The text of one message changed.

    Attributes:
        message: Index in the entry, from 0.
        content: The new text.
    """

    kind: Literal["message-edited"] = "message-edited"
    entry_id: UUID
    message: int = Field(ge=0)
    content: str


class EntryRewritten(_OfDataset):
    """Messages, tags and unknown fields of one entry were given anew.

    Attributes:
        format: Shape of the record they were given in; ``None`` leaves the origin's.
    """

    kind: Literal["entry-rewritten"] = "entry-rewritten"
    entry_id: UUID
    messages: tuple[Message, ...]
    tags: tuple[str, ...] | None = None
    extra: str | None = None
    format: str | None = None


class EntryMoved(_OfDataset):
    """An entry stands at another position."""

    kind: Literal["entry-moved"] = "entry-moved"
    entry_id: UUID
    position: int


class TagsChanged(_OfDataset):
    """Tags were added to or removed from some entries."""

    kind: Literal["tags-changed"] = "tags-changed"
    entry_ids: tuple[UUID, ...]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class EntriesDeleted(_OfDataset):
    """Entries left the dataset."""

    kind: Literal["entries-deleted"] = "entries-deleted"
    entry_ids: tuple[UUID, ...]


class Expired(_OfDataset):
    """What the change set did to a working copy is no longer known; it cannot be taken back."""

    kind: Literal["expired"] = "expired"


class FactPut(_Change):
    """A registry fact is defined, or defined anew."""

    kind: Literal["fact-put"] = "fact-put"
    fact: Fact


class FactRemoved(_Change):
    """A registry fact is gone."""

    kind: Literal["fact-removed"] = "fact-removed"
    fact_kind: FactKind
    key: str


EntryChange = (
    EntryAdded | MessageEdited | EntryRewritten | EntryMoved | TagsChanged | EntriesDeleted
)
DatasetChange = (
    DatasetCreated
    | DatasetRenamed
    | DatasetDropped
    | BatchAttached
    | TagsPatched
    | EntryChange
    | Expired
    | WorkingCopyChange
)
Change = Annotated[DatasetChange | FactPut | FactRemoved, Field(discriminator="kind")]

ENTRY_KINDS = frozenset(
    {
        "entries-deleted",
        "entry-added",
        "entry-moved",
        "entry-rewritten",
        "message-edited",
        "tags-changed",
    }
)
"""Kinds of :data:`EntryChange`: asking for the kind is ten times faster than for the class."""
