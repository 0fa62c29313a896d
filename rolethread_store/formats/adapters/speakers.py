"""Who is who in records of many speakers: roles, and keys for the registry's characters.

One rule for every such source, so that the same evening brought in from two programs gets
the same roles and the same characters. It is a proposal: roles can be given anew later.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rolethread_store.formats.adapters.draft import ReadingOptions
from rolethread_store.formats.chatml import CHATML
from rolethread_store.model.facts import Character

__all__ = ["NARRATION", "Part", "cast", "character_key", "characters"]


@dataclass(frozen=True, slots=True)
class Part:
    """What a speaker is.

    Attributes:
        role: The role of the speaker's turns.
        character: Key of the speaker's character; ``None`` for a mere role word like "User"
            and for a name of nothing but blanks.
    """

    role: str
    character: str | None


# Text that nobody speaks is told to the user.
NARRATION = Part("assistant", None)


def character_key(name: str) -> str:
    """Return the key of a name: of any script, without case, with ``-`` for blanks.

    Compatibility forms, such as full-width letters, are one. It is empty only when the name
    holds nothing to see.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = (" " if unicodedata.category(one)[0] in "CZ" else one for one in folded)
    return "-".join("".join(seen).split())


def cast(names_in_order: Sequence[str], options: ReadingOptions) -> Mapping[str, Part]:
    """Give every speaker a role.

    Where the user named the assistants, they are it and everybody else is the user. Else a
    name that is a role word ("User", "Assistant", "System") has that role; beside one the
    people take the other side. With no such word the first to speak is the user and everybody
    else the assistant, as in a scene told to one player.

    Args:
        names_in_order: Names as written, in the order of the turns; they may come again.
        options: Who the assistants are, if the user said it.

    Returns:
        The part of every name as written.
    """
    keys = {name: character_key(name) for name in names_in_order}
    words = {key: CHATML.aliases[key] for key in keys.values() if key in CHATML.aliases}
    people = [key for key in dict.fromkeys(keys.values()) if key not in words]
    assistants = {character_key(name) for name in options.assistants}
    if assistants:
        roles = {key: "assistant" if key in assistants else "user" for key in keys.values()}
        roles |= {key: role for key, role in words.items() if role not in ("user", "assistant")}
    else:
        known = set(words.values())
        others = "user" if "assistant" in known and "user" not in known else "assistant"
        roles = words | dict.fromkeys(people, others)
        if people and not known & {"user", "assistant"}:
            roles[people[0]] = "user"
    return {
        name: Part(roles[key], key if key and key not in words else None)
        for name, key in keys.items()
    }


def characters(parts: Mapping[str, Part]) -> tuple[Character, ...]:
    """Return the registry's characters of a cast, each under the name it was first written."""
    names: dict[str, str] = {}
    for name, part in parts.items():
        if part.character is not None:
            names.setdefault(part.character, name.strip())
    return tuple(Character(key=key, name=name) for key, name in names.items())
