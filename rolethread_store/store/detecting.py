"""Telling what a file is, without a store and without a passphrase."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

from rolethread_store.clock import SystemClock
from rolethread_store.engine import Session, SessionFolders
from rolethread_store.formats import Detection, ReadingOptions, detect_file
from rolethread_store.model import ProgressListener, unheard

__all__ = ["detect"]

_MEMORY = "700MB"


def detect(
    path: str | Path,
    *,
    assistants: Collection[str] = (),
    user_name: str | None = None,
    progress: ProgressListener = unheard,
) -> Detection:
    """Read a file as an import would and tell what it holds; nothing is stored.

    What the engine may have to write to disk while it reads is encrypted under a key that
    only this call knows, and is gone at its end.

    Args:
        path: The file.
        assistants: Speakers whose turns are the assistant's, where nothing else tells.
        user_name: What ``{{user}}`` is called.
        progress: Hears of bytes read.

    Raises:
        NotFound: the file is not there.
        InvalidInput: the file is not text in UTF-8.
    """
    with TemporaryDirectory(prefix="rolethread-") as name:
        folder = Path(name)
        session = Session(SessionFolders((folder,), folder), memory_limit=_MEMORY)
        try:
            options = ReadingOptions(frozenset(assistants), user_name)
            return detect_file(session, SystemClock(), Path(path), options, progress)
        finally:
            session.close()
