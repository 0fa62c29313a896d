"""JSON read and written so that every value survives, numbers included.

A number with a fraction becomes a ``Decimal``, which holds ``1.10`` and ``1e400`` as they
stand; a key given twice, ``NaN`` and half a surrogate pair are refused, because two readers
would take them for two things.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

__all__ = ["Json", "JsonObject", "NotExact", "exact_text", "read_exact"]

Json = Any
JsonObject = dict[str, Any]

_DEEPEST = 200


class NotExact(ValueError):
    """The bytes are not JSON that means one thing only; the text is the reason.

    It never leaves the room: readers raise an error of their own.
    """


def read_exact(data: bytes) -> Json:
    """Return the JSON value that UTF-8 bytes hold; a byte order mark may precede it.

    Raises:
        NotExact: they hold none.
    """
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(
            text,
            parse_float=Decimal,
            parse_constant=_refused_constant,
            object_pairs_hook=_distinct,
        )
        # Half a pair is found where it is written, and must not wait for that.
        exact_text(value).encode()
    except UnicodeDecodeError:
        raise NotExact("it is not UTF-8") from None
    except UnicodeEncodeError:
        raise NotExact("a text holds half of a surrogate pair") from None
    except RecursionError:
        raise NotExact("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise NotExact(f"line {error.lineno}: {error.msg}") from None
    return value


def _refused_constant(word: str) -> Json:
    raise NotExact(f"{word} is not JSON")


def _distinct(pairs: list[tuple[str, Json]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise NotExact(f"duplicate key {json.dumps(twice)}")
    return found


def exact_text(value: Json, *, indent: int | None = None) -> str:
    """Return the JSON text of a value that :func:`read_exact` gave.

    Args:
        value: The value.
        indent: Blanks per level; ``None`` for one line.
    """
    return _text(value, indent, 0)


def _text(value: Json, indent: int | None, level: int) -> str:
    if level > _DEEPEST:
        raise RecursionError
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        members = [
            f"{json.dumps(str(key), ensure_ascii=False)}: {_text(inner, indent, level + 1)}"
            for key, inner in value.items()
        ]
        return _block("{", members, "}", indent, level)
    if isinstance(value, list | tuple):
        return _block("[", [_text(one, indent, level + 1) for one in value], "]", indent, level)
    return json.dumps(value, ensure_ascii=False)


def _block(opening: str, members: list[str], closing: str, indent: int | None, level: int) -> str:
    if not members:
        return opening + closing
    if indent is None:
        return opening + ", ".join(members) + closing
    inner, outer = "\n" + " " * indent * (level + 1), "\n" + " " * indent * level
    return opening + inner + f",{inner}".join(members) + outer + closing
