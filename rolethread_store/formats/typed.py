"""The fastest lane: a table of records that are all of one shape, read by one strict cast.

The cast of JSON to a struct refuses unknown, missing and repeated keys, at every level,
which ``from_json_strict`` does not; together with the proof that texts were texts
(``proof``) it shows what :meth:`Shape.matches_sql` shows by a second parse, for a tenth of
its time, but for a whole table at once: one odd record and the statement fails.
"""

from __future__ import annotations

from rolethread_store.engine import literal
from rolethread_store.formats.shape import Shape
from rolethread_store.formats.shaping import Stamp, columns_sql

__all__ = ["typed_sql"]

# What no text in the sources can be mistaken for; only ever seen inside this package.
_ODD = "a record is not of the shape of its table"


def typed_sql(
    table: str, shape: Shape, stamp: Stamp, *, usual: bool, beside: tuple[str, ...] = ()
) -> str:
    """Return SQL giving a row of schema v1 for every record, or failing for one that is odd.

    Args:
        table: Records with ``line`` of the engine's JSON type, not yet known to be valid,
            and ``record``, ``ordinal`` and ``entry_id`` beside it.
        shape: What every record should be.
        stamp: What the rows share.
        usual: Whether to give role and content of messages alone, and fail for a record
            whose messages need more.
        beside: Columns of the table to give as well.
    """
    read = f"CAST(line AS {shape.struct_type})"
    fields = shape.fields_sql("read")
    proof = shape.proof_sql("read")
    if usual:
        fields["messages"] = shape.usual_messages_sql("read")
        proof = shape.usual_proof_sql("read")
    # A test that is a value, and no WHERE: the engine would push that below the cast and
    # evaluate the cast twice.
    count = f"CASE WHEN {proof} THEN {shape.count_sql('read')} END"
    columns = columns_sql(fields, f"coalesce({count}, error({literal(_ODD)}))", stamp)
    columns = ", ".join((columns, *beside))
    given = ", ".join({"record", "ordinal", "entry_id", "line"} | set(beside))
    return (
        f"SELECT {columns} FROM (SELECT {given}, "
        f"{literal(shape.kind)} AS kind, {read} AS read FROM {table})"
    )
