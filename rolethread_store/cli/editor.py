"""An entry in the user's own editor, in plain text for as short as possible.

The text lies in a new folder that only its owner can enter, in memory (``/dev/shm``) where
the system has that, and is removed however the editor ends. What the editor itself leaves
elsewhere (swap files, undo files, backups) is beyond our reach, so the user is told.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

from rolethread_store.cli import output
from rolethread_store.cli.secrets import environment_without_secrets
from rolethread_store.errors import InvalidInput, Unavailable

__all__ = ["EditorFailed", "EditorMissing", "edited_text"]

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 (a private folder is made inside)


class EditorMissing(Unavailable):
    """The editor could not be started."""

    code: ClassVar[str] = "cli.editor-missing"


class EditorFailed(InvalidInput):
    """The editor ended with an error, so what it left is not used."""

    code: ClassVar[str] = "cli.editor-failed"


def edited_text(text: str, suffix: str) -> str | None:
    """Let the user edit a text; return it, or ``None`` when it was left as it was.

    Args:
        text: What to begin with.
        suffix: Ending of the file's name, by which editors choose their mode.

    Raises:
        EditorMissing: it cannot be started.
        EditorFailed: it ended with an error.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    place = str(_IN_MEMORY) if os.access(_IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="rolethread-", dir=place) as folder:
        path = Path(folder) / f"entry{suffix}"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8", newline="")
        output.say(
            f"editing in the clear at {path}"
            + (" (in memory)" if place else "")
            + "; it is removed afterwards"
        )
        _run([*shlex.split(command), str(path)])
        changed = path.read_bytes().decode("utf-8")
        # Against undelete tools on a real disk; an editor may have written a new file.
        path.write_bytes(b"\0" * path.stat().st_size)
    return None if changed == text else changed


def _run(argv: list[str]) -> None:
    try:
        done = subprocess.run(argv, check=False, env=environment_without_secrets())
    except OSError as error:
        raise EditorMissing(
            f"the editor {argv[0]} cannot be started: {error.strerror}",
            hint="set EDITOR to one that is installed, or use --content or --file",
        ) from None
    if done.returncode != 0:
        raise EditorFailed(
            f"the editor ended with exit code {done.returncode}; nothing was changed"
        )
