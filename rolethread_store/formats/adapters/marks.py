"""The marks character cards have for names: ``{{char}}``, ``{{user}}``, ``<BOT>``, ``<USER>``."""

from __future__ import annotations

import re

__all__ = ["CHARACTER_MARK", "USER_MARK", "named"]

CHARACTER_MARK = r"(?:\{\{char\}\}|<char>|<bot>)"
USER_MARK = r"(?:\{\{user\}\}|<user>)"


def named(text: str, character: str, user: str | None) -> str:
    """Return a text with names for marks, without regard to case.

    Args:
        text: The text.
        character: The character's name.
        user: What ``{{user}}`` is called, ``None`` to leave its marks as they are.
    """
    text = re.sub(CHARACTER_MARK, lambda _: character, text, flags=re.IGNORECASE)
    if user is not None:
        text = re.sub(USER_MARK, lambda _: user, text, flags=re.IGNORECASE)
    return text
