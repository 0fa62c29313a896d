"""What must hold of a store after a crash, whatever the disk kept."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.model import MessageEdited
from rolethread_store.segments import check_segments
from rolethread_store.store import Store
from rolethread_store.testing.answers import Answers, answers
from rolethread_store.testing.workflows import Place

__all__ = ["edit_once_more", "require_allowed", "require_rows", "require_slots", "require_whole"]


def require_allowed(store: Store, allowed: Sequence[Answers]) -> Answers:
    """Find the one state the store is in, from its history and the digests of all segments.

    Rows follow from these two, so most states need no engine; ``require_rows`` looks at the
    rows of some.
    """
    log = store.log()
    found = next((state for state in allowed if state.log == log), None)
    assert found is not None, [item.summary for item in log]
    names = {fold.name for fold in store._parts.journal.existing()}
    assert names == {total[0] for total in found.totals}
    assert store.remotes() == found.remotes
    require_slots(store, allowed)
    require_whole(store)
    return found


def require_slots(store: Store, allowed: Sequence[Answers]) -> None:
    """Demand every key slot that stood throughout, and none that nobody made.

    A change of a slot is no change set: interrupted, the old and the new one both stand.
    """
    slots = {slot.slot_id for slot in store.slots() if slot.problem is None}
    every = [state.slots for state in allowed]
    assert frozenset.intersection(*every) <= slots <= frozenset.union(*every)
    assert slots


def require_whole(store: Store) -> None:
    """Check every byte of the segments that are in effect."""
    journal = store._parts.journal
    wanted = (batch_id for fold in journal.existing() for batch_id in _batches(fold))
    batches = [journal.batch(batch_id) for batch_id in wanted]
    assert check_segments(batches, journal.layout, journal.disk, whole=True) == []


def _batches(fold: DatasetFold) -> list[UUID]:
    attached = [attached.quarantine_id for _, attached in fold.attached]
    return [layer.batch_id for layer in fold.layers] + [one for one in attached if one]


def require_rows(place: Place, allowed: Sequence[Answers]) -> None:
    """Compare everything the store answers."""
    with place.opened() as store:
        assert answers(store) in allowed


def edit_once_more(place: Place) -> None:
    """Write into what is there and find it again, with nobody's help."""
    store = place.open()
    before = store.log()
    journal = store._parts.journal
    tavern = journal.find_named(place.tavern)
    if tavern is None:
        store.add_remote("afterwards", "file:///afterwards")
    else:
        change = MessageEdited(
            dataset_id=tavern.dataset_id,
            entry_id=place.setting.entries[1],
            message=1,
            content="afterwards",
        )
        journal.commit([change], "afterwards")
    store.close()
    store = place.open()
    after = store.log()
    assert after[0].summary.endswith("afterwards")
    assert after[1:] == before
    store.close()
