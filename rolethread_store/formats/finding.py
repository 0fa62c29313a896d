"""Finding the shape that most records of a file have."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from rolethread_store.engine import Session
from rolethread_store.formats.chatml import CHATML
from rolethread_store.formats.dialect import RESERVED_KEY
from rolethread_store.formats.flat import FLATS, MORE_KEYS
from rolethread_store.formats.flat_shape import FlatShape
from rolethread_store.formats.plain import PlainShape
from rolethread_store.formats.shape import Shape
from rolethread_store.formats.sharegpt import SHAREGPT

__all__ = ["SAMPLE_RECORDS", "find_shape"]

SAMPLE_RECORDS = 200
"""First records of a file that are looked at for its shape."""

# Few fields make a plain shape; Python's decoder gives up on 1,000 levels of nesting.
_LONGEST_STRUCTURE = 900
_LIST_KEYS = (CHATML.list_key, SHAREGPT.list_key)
# Keys become names of struct fields, which ignore case.
_SAFE_KEY = re.compile(r"[A-Za-z0-9_.\- ]{1,64}")
_NOT_PLAIN = {RESERVED_KEY, "system", *_LIST_KEYS}
_NOT_FLAT = {RESERVED_KEY, "history", *_LIST_KEYS, *MORE_KEYS}


def find_shape(session: Session, source: str) -> Shape | None:
    """Return the commonest plain shape among the first records, ``None`` without one.

    Args:
        session: Where ``source`` is known.
        source: Quoted name of a table of raw records.
    """
    rows = session.rows(
        f"SELECT CAST(structure AS VARCHAR), count(*) FROM (SELECT "
        f"CASE WHEN fault IS NULL THEN TRY(json_structure(line)) END AS structure "
        f"FROM (SELECT line, fault FROM {source} ORDER BY record LIMIT {SAMPLE_RECORDS})) "
        f"WHERE structure IS NOT NULL GROUP BY ALL"
    )
    votes: dict[PlainShape | FlatShape, int] = {}
    seen: dict[PlainShape | FlatShape, list[str]] = {}
    for structure, count in rows:
        if len(structure) > _LONGEST_STRUCTURE:
            continue
        if (shape := _shape_of(json.loads(structure))) is not None:
            votes[shape] = votes.get(shape, 0) + int(count)
            seen.setdefault(shape, []).append(str(structure))
    if not votes:
        return None
    best = max(votes, key=lambda shape: votes[shape])
    return replace(best, seen=tuple(sorted(seen[best])))


def _shape_of(structure: object) -> PlainShape | FlatShape | None:
    if not isinstance(structure, dict):
        return None
    if "tags" in structure and structure["tags"] not in (["VARCHAR"], ["NULL"]):
        return None
    return _plain_shape(structure) or _flat_shape(structure)


def _are_safe(rest: list[str], taken: list[str], refused: set[str]) -> bool:
    """Tell whether keys can be fields of a struct beside those taken."""
    names = {key.lower() for key in (*rest, *taken)}
    safe = all(_SAFE_KEY.fullmatch(key) and key.lower() not in refused for key in rest)
    return safe and len(names) == len(rest) + len(taken)


def _plain_shape(structure: dict[str, object]) -> PlainShape | None:
    listed = [key for key in _LIST_KEYS if key in structure]
    if len(listed) != 1:
        return None
    rest = sorted(set(structure) - {listed[0], "tags"})
    if not _are_safe(rest, [listed[0], "tags"], _NOT_PLAIN):
        return None
    for dialect in (CHATML, SHAREGPT):
        if structure[listed[0]] == [
            {dialect.role_key: "VARCHAR", dialect.content_key: "VARCHAR"}
        ]:  # fmt: skip
            return PlainShape(dialect, listed[0], tuple(rest), "tags" in structure)
    return None


def _flat_shape(structure: dict[str, object]) -> FlatShape | None:
    texts = [key for key, kind in structure.items() if kind == "VARCHAR"]
    for dialect in FLATS:
        needed = ["instruction", dialect.output_key]
        needed += [dialect.input_key] if dialect.input_needed else []
        # What tells another dialect is no field of this one, even where it is null.
        others = {one.input_key for one in FLATS if one.output_key == dialect.output_key}
        if not dialect.input_needed and any(
            key in structure for key in others - {*needed, dialect.input_key}
        ):
            continue
        known = [*needed, "system", dialect.input_key]
        if not set(needed) <= set(texts) or any(
            key in structure and key not in texts for key in known
        ):
            continue
        fields = tuple(key for key in dict.fromkeys(known) if key in texts)
        rest = sorted(set(structure) - {*fields, "tags"})
        if _are_safe(rest, [*fields, "tags"], _NOT_FLAT):
            return FlatShape(dialect, fields, tuple(rest), "tags" in structure)
    return None
