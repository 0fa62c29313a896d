"""Taking typed fields out of a JSON object, and keeping what is left."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from rolethread_store.formats.sidecars.exact import Json, JsonObject, exact_text
from rolethread_store.formats.sidecars.sidecar import SidecarUnreadable

__all__ = ["Fields", "objects"]

_NAMES: dict[type, str] = {
    str: "a text", int: "a whole number", bool: "true or false", dict: "an object", list: "a list",
}  # fmt: skip
_T = TypeVar("_T")


class Fields:
    """One object of a sidecar; fields that were taken are no longer among ``rest``."""

    def __init__(self, value: Json, place: str) -> None:
        """Take an object to pieces.

        Args:
            value: The object.
            place: Where it stands, for messages.

        Raises:
            SidecarUnreadable: it is not an object.
        """
        self._place = place
        self.rest: JsonObject = dict(self._typed(value, dict, place))

    def required(self, key: str, kind: type[_T]) -> _T:
        """Take a field that must be there; a text must not be empty.

        Raises:
            SidecarUnreadable: it is missing, empty or of another type.
        """
        if key not in self.rest:
            raise SidecarUnreadable(f"{self._place}.{key} is missing")
        value = self._typed(self.rest.pop(key), kind, f"{self._place}.{key}")
        if value == "":
            raise SidecarUnreadable(f"{self._place}.{key} is empty")
        return value

    def optional(self, key: str, kind: type[_T]) -> _T | None:
        """Take a field that may be missing or null.

        Raises:
            SidecarUnreadable: it is of another type.
        """
        value = self.rest.pop(key, None)
        return None if value is None else self._typed(value, kind, f"{self._place}.{key}")

    def extra(self) -> str | None:
        """Return what was not taken as JSON text, ``None`` when nothing is left."""
        return exact_text(self.rest) if self.rest else None

    def _typed(self, value: Json, kind: type[_T], place: str) -> _T:
        # True is an int to Python, but no whole number to anybody who wrote the file.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise SidecarUnreadable(f"{place} is not {_NAMES[kind]}")
        return cast(Any, value)  # type: ignore[no-any-return]


def objects(fields: Fields, key: str) -> list[Json]:
    """Take a list that may be missing; its elements are not yet looked at."""
    return list(fields.optional(key, list) or ())
