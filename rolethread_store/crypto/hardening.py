"""Keep this process's memory out of core dumps and away from its neighbours.

A core file written by a crash would hold every key of the open store, in clear, wherever
the system keeps such files. The library never calls this: what a host program allows its
own process is not ours to decide. The command line does, before it reads a secret.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass

try:
    import resource
except ImportError:  # Windows writes no core files unless a person sets it up.
    _CORE: int | None = None
else:
    _CORE = resource.RLIMIT_CORE

__all__ = ["Hardening", "protect_process"]

# linux/prctl.h
_PR_SET_DUMPABLE = 4


@dataclass(frozen=True, slots=True)
class Hardening:
    """What the system let us do.

    Attributes:
        core_files_off: No core file is written (Linux, macOS).
        dumpable_off: No dump is handed to a crash collector, which the limit does not stop,
            and other processes of the same user cannot read our memory (Linux).
    """

    core_files_off: bool
    dumpable_off: bool


def protect_process() -> Hardening:
    """Switch core dumps off for this process, as far as the system lets us.

    It cannot be taken back and programs started later inherit the limit. Calling it again
    is harmless; nothing is raised, because a machine that refuses can still be used.
    """
    return Hardening(_no_core_files(), _not_dumpable())


def _no_core_files() -> bool:
    if _CORE is None:
        return False
    try:
        resource.setrlimit(_CORE, (0, 0))
    except (OSError, ValueError):
        return False
    return True


def _not_dumpable() -> bool:
    if sys.platform != "linux":
        return False
    try:
        control = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):  # a system without a shared C library
        return False
    return bool(control(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
