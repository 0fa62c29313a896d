"""Adapters for the shapes of training corpora, in the order they are tried."""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter

__all__ = ["CORPORA"]

CORPORA: tuple[Adapter, ...] = ()
