from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_says_what_the_table_says() -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "make_lint.py", "--check"], check=False, timeout=60
    )
    assert done.returncode == 0, "run: python docs/make_lint.py"
