"""Writes ``exports``, what each target makes of the crafted dataset, from the top folder:

    python -m tests.golden.make_exports

Run it after a change that is meant, and read the difference before it is committed.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from rolethread_store.engine import Session, SessionFolders
from tests.formats.bench import Bench
from tests.formats.targets.offering import ALL, Offer
from tests.formats.targets.test_golden_exports import GOLDEN, export_all

__all__ = ["main"]


def main() -> None:
    """Write all files anew."""
    shutil.rmtree(GOLDEN, ignore_errors=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        session = Session(SessionFolders((folder,), folder))
        for target, shape in ALL:
            name = f"{target}-{shape}" if shape else target
            files = export_all(Offer(Bench(session, folder)), target, shape, folder / name)
            for path, content in files.items():
                place = GOLDEN / name / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        session.close()


if __name__ == "__main__":
    main()
