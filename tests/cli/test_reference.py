from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_what_the_program_says() -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "make_cli.py", "--check"], check=False, timeout=60
    )
    assert done.returncode == 0, "run: python docs/make_cli.py"
