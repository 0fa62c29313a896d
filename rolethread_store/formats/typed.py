"""The fastest lane: a table of records that are all of one shape, read by one strict cast.

The cast of JSON to a struct refuses unknown, missing and repeated keys, at every level,
which ``from_json_strict`` does not; what it does not refuse is a number, a truth value, an
object or a list where text belongs: it gives their JSON text. Such a text is JSON itself
and begins with one of a few characters, so only records holding one are looked at twice.
Both together prove what :meth:`PlainShape.matches_sql` proves by a second parse, for a
tenth of its time, but for a whole table at once: one odd record and the statement fails.
"""

from __future__ import annotations

from rolethread_store.engine import identifier, literal
from rolethread_store.formats.plain import PlainShape
from rolethread_store.formats.shaping import Stamp, columns_sql

__all__ = ["typed_sql"]

# What no text in the sources can be mistaken for; only ever seen inside this package.
_ODD = "a record is not of the shape of its table"


def typed_sql(table: str, shape: PlainShape, stamp: Stamp, *, usual: bool) -> str:
    """Return SQL giving a row of schema v1 for every record, or failing for one that is odd.

    Args:
        table: Records with ``line`` of the engine's JSON type, not yet known to be valid,
            and ``record``, ``ordinal`` and ``entry_id`` beside it.
        shape: What every record should be.
        stamp: What the rows share.
        usual: Whether to give role and content of messages alone, and fail for a record
            whose messages need more.
    """
    read = f"CAST(line AS {_struct_type(shape)})"
    fields = shape.fields_sql("read")
    proof = _proof(shape)
    if usual:
        fields["messages"] = shape.usual_messages_sql("read")
        proof = f"{shape.all_usual_sql('read')} AND {proof}"
    # A test that is a value, and no WHERE: the engine would push that below the cast and
    # evaluate the cast twice.
    count = f"CASE WHEN {proof} THEN len(read.{identifier(shape.list_key)}) END"
    columns = columns_sql(fields, f"coalesce({count}, error({literal(_ODD)}))", stamp)
    return (
        f"SELECT {columns} FROM (SELECT record, ordinal, entry_id, line, "
        f"{literal(shape.kind)} AS kind, {read} AS read FROM {table})"
    )


def _struct_type(shape: PlainShape) -> str:
    dialect = shape.dialect
    message = ", ".join(
        f"{identifier(key)} VARCHAR" for key in (dialect.role_key, dialect.content_key)
    )
    fields = [f"{identifier(shape.list_key)} STRUCT({message})[]"]
    if shape.has_tags:
        fields.append("tags VARCHAR[]")
    fields += [f"{identifier(key)} JSON" for key in shape.keys]
    return f"STRUCT({', '.join(fields)})"


def _proof(shape: PlainShape) -> str:
    """Return SQL that is true when all that was read as text was text.

    The lists are there, and labels and tags are no ``null``; a record holding what could
    be other JSON is asked for the types, and only then.
    """
    dialect = shape.dialect
    listed = f"read.{identifier(shape.list_key)}"
    label, text = (f"one.{identifier(key)}" for key in (dialect.role_key, dialect.content_key))
    here = [f"len({listed}) > 0"]
    clear = [
        f"len(list_filter({listed}, lambda one: CASE WHEN {label} IN ({shape.usual_sql}) "
        f"THEN false ELSE {label} IS NULL OR {_like_json(label)} END OR {_like_json(text)})) = 0"
    ]
    kinds = [
        _all_are("'VARCHAR'", f"$.{shape.list_key}[*].{dialect.role_key}", listed),
        _all_are("'VARCHAR', 'NULL'", f"$.{shape.list_key}[*].{dialect.content_key}", listed),
    ]
    if shape.has_tags:
        here.append("read.tags IS NOT NULL")
        clear.append(
            f"len(list_filter(read.tags, lambda one: one IS NULL OR {_like_json('one')})) = 0"
        )
        kinds.append(_all_are("'VARCHAR'", "$.tags[*]", "read.tags"))
    return (
        f"{' AND '.join(here)} AND CASE WHEN {' AND '.join(clear)} THEN true "
        f"ELSE {' AND '.join(kinds)} END"
    )


def _like_json(text: str) -> str:
    """Return SQL that tells whether a text could be the JSON of anything but a string.

    Then it is valid JSON itself, and either one of the words, the longest of which is
    ``Infinity``, or begins with ``-``, a digit, ``[`` or ``{``. Most prose does not; a
    conjunction outside a ``CASE`` would parse it all.
    """
    first = (
        f"{text} < ':' OR ({text} >= '[' AND {text} < '\\') OR ({text} >= '{{' AND {text} < '|')"
    )
    return (
        f"CASE WHEN {text} IS NULL THEN false "
        f"WHEN strlen({text}) < 9 OR {first} THEN json_valid({text}) ELSE false END"
    )


def _all_are(kinds: str, path: str, listed: str) -> str:
    """Return SQL that tells whether there are as many values of these kinds as list items."""
    return (
        f"len(list_filter(json_type(line, {literal(path)}), lambda kind: kind IN ({kinds}))) "
        f"= len({listed})"
    )
