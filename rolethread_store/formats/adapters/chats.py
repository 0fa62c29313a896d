"""Adapters for what chat programs save, in the order they are tried."""

from __future__ import annotations

from rolethread_store.formats.adapters import (
    agnai,
    ai_dungeon,
    character_ai,
    character_card,
    chatgpt,
    claude,
    discord,
    kobold,
    lorebook,
    open_webui,
    sillytavern,
    telegram,
    textgen,
    whatsapp,
)
from rolethread_store.formats.adapters.adapter import Adapter

__all__ = ["CHATS"]

CHATS: tuple[Adapter, ...] = (
    chatgpt.ADAPTER,
    claude.ADAPTER,
    open_webui.ADAPTER,
    sillytavern.ADAPTER,
    character_card.ADAPTER,
    lorebook.ADAPTER,
    textgen.ADAPTER,
    kobold.ADAPTER,
    ai_dungeon.ADAPTER,
    character_ai.ADAPTER,
    agnai.ADAPTER,
    discord.ADAPTER,
    telegram.ADAPTER,
    whatsapp.ADAPTER,
)
