"""Columns to JSON texts, a column at a time.

The engine's ``to_json`` writes every null; what a table pads with nulls must be left out
again, and a float, a decimal or a text must come out as it went in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["JSON_CELLS", "joined_lists", "json_texts", "objects", "objects_of_texts"]

# Fields whose cells may hold JSON as text, because a flat table has no other way.
JSON_CELLS = frozenset({"messages", "conversations", "chosen", "rejected", "tools"})

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SPACE = 0x20
# How a cell begins and ends that is an array or object: ``{{char}}`` and ``[sighs]`` do not.
_BEGINS_AS_JSON = r'^\s*(\[\s*[\[\]{"]|\{\s*["}])'
_ENDS_AS_JSON = r"[\]}]\s*$"
_TAIL = 16
_FLOAT_WORDS = (("nan", "NaN"), ("inf", "Infinity"), ("-inf", "-Infinity"))


def objects(names: Sequence[str], columns: Sequence[pa.Array]) -> pa.Array:
    """Return the JSON object of every row, as bytes.

    Args:
        names: What the columns are called.
        columns: Their values; a null is no field of its row's object.
    """
    return objects_of_texts(
        names,
        [
            _cells(column) if name in JSON_CELLS else json_texts(column)
            for name, column in zip(names, columns, strict=True)
        ],
    )


def objects_of_texts(names: Sequence[str], texts: Sequence[pa.Array]) -> pa.Array:
    """Return the JSON object of every row, as bytes.

    Args:
        names: What its fields are called.
        texts: Their JSON; a null is no field of its row's object.
    """
    fields = [_field(name, text) for name, text in zip(names, texts, strict=True)]
    return _enclosed(b"{", fields, b"}", len(texts[0]) if texts else 0)


def joined_lists(texts: pa.Array, lengths: np.ndarray) -> pa.Array:
    """Return the JSON arrays of texts that follow each other, so many in each."""
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), texts.fill_null(b"null"))
    return _around(b"[", pc.binary_join(lists, _bytes(b",")), b"]")


def json_texts(column: pa.Array, *, padded: bool = False) -> pa.Array:
    """Return the JSON text of every value as bytes, null where it is null.

    Args:
        column: Values of any type.
        padded: Whether nulls in structs are padding, as they are in lists of structs.

    Raises:
        pyarrow.ArrowException: the type has no JSON.
    """
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        return json_texts(column.storage, padded=padded)
    if pa.types.is_dictionary(kind):
        return json_texts(column.dictionary_decode(), padded=padded)
    if pa.types.is_struct(kind):
        return _struct_texts(column, padded)
    if pa.types.is_map(kind):
        return _map_texts(column)
    if pa.types.is_nested(kind):
        return _list_texts(column)
    return _scalar_texts(column)


def _scalar_texts(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_floating(kind):
        texts = column.cast(pa.float32() if pa.types.is_float16(kind) else kind).cast(pa.string())
        for word, written in _FLOAT_WORDS:
            texts = pc.if_else(pc.equal(texts, word), written, texts)
        return texts.cast(pa.binary())
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.string()).cast(pa.binary())
    if pa.types.is_duration(kind):
        return column.cast(pa.int64()).cast(pa.string()).cast(pa.binary())
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.binary())
    if pa.types.is_temporal(kind):
        column = column.cast(pa.string())
    return _quoted(column.cast(pa.binary()))


def _struct_texts(column: pa.StructArray, padded: bool) -> pa.Array:
    fields = []
    for name, values in zip(column.type.names, column.flatten(), strict=True):
        texts = json_texts(values, padded=padded)
        fields.append(_field(name, texts if padded else texts.fill_null(b"null")))
    return _where(column, _enclosed(b"{", fields, b"}", len(column)))


def _list_texts(column: pa.Array) -> pa.Array:
    lengths = np.asarray(pc.list_value_length(column).fill_null(0).cast(pa.int64()))
    return _where(column, joined_lists(json_texts(column.flatten(), padded=True), lengths))


def _map_texts(column: pa.MapArray) -> pa.Array:
    lists = column.cast(pa.list_(pa.struct([("k", column.type.key_type),
                                            ("v", column.type.item_type)])))  # fmt: skip
    keys, values = lists.flatten().flatten()
    pairs = pc.binary_join_element_wise(
        _quoted(keys.cast(pa.string()).cast(pa.binary())),
        json_texts(values).fill_null(b"null"),
        _bytes(b":"),
    )
    lengths = np.asarray(pc.list_value_length(lists).fill_null(0).cast(pa.int64()))
    arrays = joined_lists(pairs, lengths)
    inner = pc.binary_slice(arrays, 1, -1)
    return _where(column, _around(b"{", inner, b"}"))


def _quoted(column: pa.Array) -> pa.Array:
    """Return texts as JSON strings; bytes that are no UTF-8 stay, and spoil their record."""
    for char in _to_escape(column):
        column = pc.replace_substring(column, char, _ESCAPES.get(char) or f"\\u{ord(char):04x}")
    return _around(b'"', column, b'"')


def _to_escape(column: pa.Array) -> list[str]:
    """Return the characters to escape that occur at all: a look costs a third of a pass."""
    data = column.buffers()[2]
    if data is None:
        return []
    text = np.frombuffer(data, np.uint8)
    found = [char for char in ("\\", '"') if (text == ord(char)).any()]
    return found + [chr(code) for code in np.unique(text[text < _SPACE])]


def _cells(column: pa.Array) -> pa.Array:
    """Return cells as JSON, those that hold JSON already as it stands there."""
    kind = column.type
    if not (pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind)):
        return json_texts(column)
    column = column.cast(pa.binary())
    like = pc.and_(
        pc.match_substring_regex(column, _BEGINS_AS_JSON),
        pc.match_substring_regex(pc.binary_slice(column, -_TAIL), _ENDS_AS_JSON),
    ).fill_null(False)
    # What only looks like JSON would spoil the object around it. Measured: one parse of each
    # such cell costs no more than finding its brackets in bulk, which proves less.
    places = np.flatnonzero(np.asarray(like))
    whole = np.zeros(len(column), np.bool_)
    whole[places] = [_is_json(column[int(place)]) for place in places]
    like = pa.array(whole)
    texts = _quoted(pc.if_else(like, pa.scalar(b"", pa.binary()), column))
    return pc.if_else(like, column, texts)


def _is_json(cell: pa.Scalar) -> bool:
    try:
        json.loads(cell.as_py())
    except (ValueError, RecursionError):
        return False
    return True


def _field(name: str, texts: pa.Array) -> pa.Array:
    return _around(json.dumps(name, ensure_ascii=False).encode() + b":", texts, b"")


def _enclosed(left: bytes, fields: Sequence[pa.Array], right: bytes, count: int) -> pa.Array:
    if not fields:
        return pa.array([left + right] * count, pa.binary())
    inner = pc.binary_join_element_wise(*fields, _bytes(b","), null_handling="skip")
    return _around(left, inner, right)


def _around(left: bytes, texts: pa.Array, right: bytes) -> pa.Array:
    return pc.binary_join_element_wise(_bytes(left), texts, _bytes(right), _bytes(b""))


def _where(column: pa.Array, texts: pa.Array) -> pa.Array:
    return pc.if_else(column.is_valid(), texts, pa.scalar(None, pa.binary()))


def _bytes(value: bytes) -> pa.Scalar:
    return pa.scalar(value, pa.binary())
