"""The process that unlocks a store leaves no core dump; nobody else's process is touched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import ctypes, resource, subprocess, sys
from rolethread_store.crypto import protect_process
print(protect_process().core_files_off, protect_process().core_files_off)
print(resource.getrlimit(resource.RLIMIT_CORE))
if sys.platform == "linux":
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))  # PR_GET_DUMPABLE
else:
    print(0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_core_dumps_are_off_and_twice_is_harmless() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.splitlines() == ["True True", "(0, 0)", "0"]


@pytest.mark.skipif(sys.platform != "linux", reason="read through prctl")
def test_the_library_leaves_its_host_alone(tmp_path: Path) -> None:
    script = (
        "import ctypes, sys, rolethread_store; from rolethread_store.crypto import floor_params; "
        "rolethread_store.create(sys.argv[1], passphrase='x', kdf=floor_params()).close(); "
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "store")],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == "1\n"
