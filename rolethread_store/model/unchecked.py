"""Making a frozen model from values that are known to be right.

Validation is for what comes from outside: a file, a caller, the log. An edit builds two
models from values that were checked a moment ago, and just after a sync, when nothing is
warm, each validation costs 20 to 40 µs of an edit's 150 (``model_construct`` as much).
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

__all__ = ["lightened", "unchecked"]

_Model = TypeVar("_Model", bound=BaseModel)

_put = object.__setattr__
_fields: dict[type[BaseModel], set[str]] = {}


def unchecked(kind: type[_Model], values: dict[str, object]) -> _Model:
    """Return a model with exactly these values, which the caller vouches for.

    Args:
        kind: The model.
        values: A value of the right type for every field, those with a default included;
            the model keeps the dictionary.
    """
    model = object.__new__(kind)
    _put(model, "__dict__", values)
    _put(model, "__pydantic_fields_set__", _fields_of(kind))
    _put(model, "__pydantic_extra__", None)
    _put(model, "__pydantic_private__", None)
    return model


def lightened(model: _Model) -> _Model:
    """Let go of a frozen model's own set of which fields were given, and return the model.

    Half a kilobyte a model, and an object for every round of the garbage collector; nothing
    asks which fields were given.
    """
    _put(model, "__pydantic_fields_set__", _fields_of(type(model)))
    return model


def _fields_of(kind: type[BaseModel]) -> set[str]:
    """Return a set that all models of a kind share; a copy of a model copies it first."""
    found = _fields.get(kind)
    if found is None:
        found = _fields[kind] = set(kind.model_fields)
    return found
