"""What a tag may be."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import ClassVar

from rolethread_store.errors import InvalidInput

__all__ = ["TagInvalid", "clean_tags"]

_LONGEST = 200


class TagInvalid(InvalidInput):
    """A text that cannot be a tag."""

    code: ClassVar[str] = "registry.tag-invalid"


def clean_tags(texts: Iterable[str]) -> tuple[str, ...]:
    """Return tags as they are stored: composed (NFC), trimmed, each once, in order.

    Any script is welcome; nothing is folded to ASCII, because a tag that was folded away
    is a tag lost.

    Raises:
        TagInvalid: a tag is empty, over 200 characters, or holds control characters.
    """
    return tuple(dict.fromkeys(_cleaned(text) for text in texts))


def _cleaned(text: str) -> str:
    tag = unicodedata.normalize("NFC", text).strip()
    if not tag:
        raise TagInvalid("a tag cannot be empty")
    if len(tag) > _LONGEST:
        raise TagInvalid(f"a tag has at most {_LONGEST} characters: {tag[:40]}…")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in tag):
        raise TagInvalid("a tag cannot hold control characters or broken surrogates")
    return tag
