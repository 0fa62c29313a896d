"""Who speaks which turn: a sidecar's mappings, looked up and made into changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

import pyarrow as pa

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import ENTRY_SELECT, entry_of
from rolethread_store.formats.sidecars import (
    EntryMapping,
    NotExact,
    TurnMapping,
    exact_text,
    read_exact,
)
from rolethread_store.model import Entry, EntryRewritten, Message
from rolethread_store.store.parts import Parts

__all__ = ["ENTRY_KEY", "LABEL_KEY", "MARK", "MappingPlan", "UnmappedTurn", "plan_mappings"]

# RoleThread Lite's id of an entry, which an import keeps, else our own.
ENTRY_KEY = (
    "coalesce(json_extract_string(extra, '$._rolethread.entry_uuid'), CAST(entry_id AS VARCHAR))"
)
# Under the reserved key of a message: what a sidecar says of the turn besides who speaks.
MARK = "$rt"
LABEL_KEY = "sidecar"
_TABLE = "mapped_entries"


@dataclass(frozen=True, slots=True)
class UnmappedTurn:
    """One turn of a sidecar that could not be given its character.

    Attributes:
        entry_uuid: The entry as the sidecar names it.
        turn_index: The message, from 0; ``None`` for all turns of the entry.
        reason: Why.
    """

    entry_uuid: str
    turn_index: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class MappingPlan:
    """What mappings come to.

    Attributes:
        changes: One per entry that changes.
        turns: Turns that have their character then, those that had it before included.
        unmapped: What could not be done.
        remaining: The same, as mappings.
    """

    changes: tuple[EntryRewritten, ...]
    turns: int
    unmapped: tuple[UnmappedTurn, ...]
    remaining: tuple[EntryMapping, ...]


def plan_mappings(
    parts: Parts, fold: DatasetFold, mappings: Sequence[EntryMapping], characters: Set[str]
) -> MappingPlan:
    """Find the entries of mappings, all by one query, and work out what changes.

    Args:
        parts: The store.
        fold: The dataset's working copy.
        mappings: Who speaks which turns.
        characters: Keys of the characters there are.
    """
    found = _entries(parts, fold, mappings)
    times = Counter(mapping.entry_uuid for mapping in mappings)
    changes: list[EntryRewritten] = []
    unmapped: list[UnmappedTurn] = []
    remaining: list[EntryMapping] = []
    turns = 0
    for mapping in mappings:
        key = mapping.entry_uuid
        entries = found.get(key, [])
        if len(entries) != 1 or times[key] > 1:
            reason = "no entry has this id" if not entries else "the id is not of one entry alone"
            unmapped.append(UnmappedTurn(key, None, reason))
            remaining.append(mapping)
            continue
        messages, left = _mapped(entries[0], mapping, characters)
        unmapped.extend(UnmappedTurn(key, turn.turn_index, reason) for turn, reason in left)
        if left or mapping.other:
            remaining.append(replace(mapping, turns=tuple(turn for turn, _ in left)))
        turns += len(mapping.turns) - len(left)
        if messages != entries[0].messages:
            changes.append(_rewritten(fold, entries[0], messages))
    return MappingPlan(tuple(changes), turns, tuple(unmapped), tuple(remaining))


def _entries(
    parts: Parts, fold: DatasetFold, mappings: Sequence[EntryMapping]
) -> dict[str, list[Entry]]:
    if not mappings:
        return {}
    keys = sorted({mapping.entry_uuid for mapping in mappings})
    relation = parts.reader.relation(fold)
    with parts.reader.session.table(
        _TABLE, pa.table({"key": pa.array(keys, pa.string())})
    ) as named:
        rows = parts.reader.rows(
            f"SELECT {ENTRY_SELECT}, key FROM (SELECT *, {ENTRY_KEY} AS key FROM ({relation})) "
            f"SEMI JOIN {named} USING (key)"
        )
    found: dict[str, list[Entry]] = {}
    for row in rows:
        found.setdefault(row[-1], []).append(entry_of(row[:-1]))
    return found


def _mapped(
    entry: Entry, mapping: EntryMapping, characters: Set[str]
) -> tuple[tuple[Message, ...], list[tuple[TurnMapping, str]]]:
    """Return an entry's messages with their characters, and the turns that do not fit it."""
    messages = list(entry.messages)
    left: list[tuple[TurnMapping, str]] = []
    for turn in mapping.turns:
        reason = _misfit(entry, turn, characters)
        if reason is None:
            try:
                messages[turn.turn_index] = _spoken(messages[turn.turn_index], turn)
                continue
            except NotExact as error:
                reason = f"the other fields of the message cannot be kept exactly: {error}"
        left.append((turn, reason))
    return tuple(messages), left


def _misfit(entry: Entry, turn: TurnMapping, characters: Set[str]) -> str | None:
    """Say why a turn cannot be what the mapping says, ``None`` when it can."""
    if not 0 <= turn.turn_index < len(entry.messages):
        return f"the entry has {len(entry.messages)} messages"
    role = entry.messages[turn.turn_index].role
    if role != turn.role:
        # A system prompt that was put in front moved the turns and not the mapping.
        return f"the message's role is {role}, not {turn.role}"
    if turn.character not in characters:
        return f"there is no character {turn.character}"
    return None


def _spoken(message: Message, turn: TurnMapping) -> Message:
    told = {**({} if turn.label is None else {"label": turn.label}), **turn.other}
    extra = read_exact((message.extra or "{}").encode())
    own = {key: value for key, value in extra.get(MARK, {}).items() if key != LABEL_KEY}
    if told:
        own[LABEL_KEY] = told
    if own != extra.get(MARK, {}):
        extra = {**extra, MARK: own}
        message = message.model_copy(update={"extra": exact_text(extra)})
    return message.model_copy(update={"character": turn.character})


def _rewritten(fold: DatasetFold, entry: Entry, messages: tuple[Message, ...]) -> EntryRewritten:
    return EntryRewritten(
        dataset_id=fold.dataset_id,
        entry_id=entry.entry_id,
        messages=messages,
        tags=entry.tags,
        extra=entry.extra,
    )
