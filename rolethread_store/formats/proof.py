"""Telling texts from other JSON that was read as text.

The cast of JSON to a struct refuses unknown, missing and repeated keys, at every level;
what it does not refuse is a number, a truth value, an object or a list where text belongs:
it gives their JSON text. Such a text is JSON itself and begins with one of a few
characters, so only records holding one are looked at twice.
"""

from __future__ import annotations

from typing import NamedTuple

from rolethread_store.engine import literal

__all__ = ["Proof", "all_are", "like_json", "tags_proof"]


class Proof(NamedTuple):
    """SQL tests of one field.

    Attributes:
        here: That it is there.
        clear: That no text of it could be other JSON.
        kinds: That the types are right, asked only where one could.
    """

    here: str
    clear: str
    kinds: str


def like_json(text: str) -> str:
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


def all_are(kinds: str, path: str, listed: str) -> str:
    """Return SQL that tells whether there are as many values of these kinds as list items."""
    return (
        f"len(list_filter(json_type(line, {literal(path)}), lambda kind: kind IN ({kinds}))) "
        f"= len({listed})"
    )


def tags_proof(read: str) -> Proof:
    """Return the proof that the ``tags`` of a record that was cast are a list of texts."""
    return Proof(
        f"{read}.tags IS NOT NULL",
        f"len(list_filter({read}.tags, lambda one: one IS NULL OR {like_json('one')})) = 0",
        all_are("'VARCHAR'", "$.tags[*]", f"{read}.tags"),
    )
