"""Leases say who reads, and never outlive their process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rolethread_store.storage import Layout, Lease, others_read

_HOLDER = """
import sys
from pathlib import Path
from rolethread_store.storage import Layout, Lease
lease = Lease(Layout(Path(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lease_is_seen_by_others_until_it_is_given_back(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    mine, other = Lease(layout), Lease(layout)
    assert others_read(layout, mine)
    assert others_read(layout, other)
    other.release()
    other.release()
    assert not others_read(layout, mine)
    mine.release()
    assert list(layout.leases.iterdir()) == []


def test_the_lease_of_a_killed_process_counts_no_more(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    mine = Lease(layout)
    command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert others_read(layout, mine)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert not others_read(layout, mine)
    mine.release()
    assert list(layout.leases.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="permissions of folders are POSIX")
def test_a_folder_that_cannot_be_written_has_no_leases(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # Permissions do not bind root; a file in the folder's place does.
        (tmp_path / "leases").write_text("")
        layout = Layout(tmp_path)
    else:
        tmp_path.chmod(0o500)
        layout = Layout(tmp_path)
    lease = Lease(layout)
    assert not others_read(layout, lease)
    lease.release()
