"""The content digest of a dataset: the same for the same entries in any order.

The sums of the upper and of the lower half of each row's MD5, as a multiset hash. It
guards against our own mistakes (a checkpoint that drops or doubles a row), not against an
adversary, who would have to forge the sealed manifest first; MD5 is what DuckDB computes
fastest over text. ``origin`` and times are part of the row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["content_digest", "outline_digest", "text_digest"]

_ROW = (
    "to_json({'i': entry_id, 'p': position, 'm': messages, 't': tags, 'o': origin, "
    "'c': created_at, 'u': updated_at, 'e': extra})"
)


def content_digest(
    rows_of: Callable[[str], list[tuple[Any, ...]]], relation: str
) -> tuple[str, int]:
    """Return the digest (hex) and the number of the entries of a relation.

    Args:
        rows_of: Runs a query.
        relation: A SELECT of ``ENTRY_COLUMNS``.
    """
    return _summed(rows_of, f"SELECT {_ROW} AS row FROM ({relation})")


def text_digest(rows_of: Callable[[str], list[tuple[Any, ...]]], texts: str) -> tuple[str, int]:
    """Return the digest (hex) and the number of new texts.

    Args:
        rows_of: Runs a query.
        texts: A SELECT of ``entry_id``, ``turn`` and ``text``.
    """
    row = "to_json({'i': entry_id, 't': turn, 'c': text})"
    return _summed(rows_of, f"SELECT {row} AS row FROM ({texts})")


def outline_digest(
    rows_of: Callable[[str], list[tuple[Any, ...]]], relation: str
) -> tuple[str, int]:
    """Return a digest (hex) of all but the texts of entries, and their number.

    It reads a fiftieth of the bytes: ids, positions, tags, counts and times.
    """
    count, total = rows_of(
        f"SELECT count(*), coalesce(sum(CAST(hash(entry_id, position, tags, message_count, "
        f"created_at, updated_at) AS HUGEINT)), 0) FROM ({relation})"
    )[0]
    return f"{int(count):016x}{int(total):032x}", int(count)


def _summed(rows_of: Callable[[str], list[tuple[Any, ...]]], rows: str) -> tuple[str, int]:
    count, upper, lower = rows_of(
        f"SELECT count(*), coalesce(sum(CAST(md5_number_upper(t) AS HUGEINT)), 0), "
        f"coalesce(sum(CAST(md5_number_lower(t) AS HUGEINT)), 0) "
        f"FROM (SELECT CAST(row AS VARCHAR) AS t FROM ({rows}))"
    )[0]
    return f"{int(count):016x}{int(upper):032x}{int(lower):032x}", int(count)
