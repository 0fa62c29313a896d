"""Adapters for what chat programs save, in the order they are tried."""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter

__all__ = ["CHATS"]

CHATS: tuple[Adapter, ...] = ()
