"""Which entries stand elsewhere among their neighbours in another state of a dataset."""

from __future__ import annotations

from rolethread_store.engine import Session

__all__ = ["moved_entries"]


def moved_entries(session: Session, found: str, after: str) -> str:
    """Return a SELECT of the entries whose order among those in both states changed.

    An entry with another position has moved if it passed another entry. Entries that kept
    their position have one order in both states, so those before it are told by their
    number; those that have other positions too are told by a sum of their hashes. Only
    the stretch between the outermost positions is read.

    Args:
        session: Where ``found`` is a table.
        found: Entries with their ``old`` and ``new`` positions, NULL where they are not.
        after: SELECT of the new state's entries.
    """
    replaced = f"SELECT * FROM {found} WHERE old <> new"
    span = session.rows(f"SELECT min(least(old, new)), max(greatest(old, new)) FROM ({replaced})")
    first, last = span[0]
    if first is None:
        return "SELECT CAST(NULL AS UUID) WHERE false"
    stayed = (
        f"SELECT entry_id, position FROM ({after}) WHERE position BETWEEN {first} AND {last} "
        f"AND entry_id NOT IN (SELECT entry_id FROM {found} WHERE old IS NULL OR old <> new)"
    )
    points = (
        f"SELECT entry_id, position, 0 AS side, 0 AS mark FROM ({stayed}) UNION ALL "
        f"SELECT entry_id, old, 1, hash(entry_id) >> 1 FROM ({replaced}) UNION ALL "
        f"SELECT entry_id, new, 2, hash(entry_id) >> 1 FROM ({replaced})"
    )
    passed = "sum(mark) FILTER (side = {0}) OVER w"
    ranks = (
        "SELECT entry_id, side, count(*) FILTER (side = 0) OVER w AS fixed, "
        f"CASE side WHEN 1 THEN {passed.format(1)} ELSE {passed.format(2)} END AS others "
        f"FROM ({points}) WINDOW w AS (ORDER BY position, entry_id)"
    )
    return (
        f"SELECT a.entry_id FROM ({ranks}) a JOIN ({ranks}) b ON a.entry_id = b.entry_id "
        "AND a.side = 1 AND b.side = 2 WHERE a.fixed <> b.fixed OR a.others <> b.others"
    )
