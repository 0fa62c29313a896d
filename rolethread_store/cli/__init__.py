"""The command line: words for people in, library calls out.

Start at ``main``: it knows every command by name and loads the module of the one that was
typed. Only this room reads the environment, the terminal and the command's arguments.
"""

from __future__ import annotations

__all__: list[str] = []
