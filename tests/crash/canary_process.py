"""The process that the canary test watches, and kills: ``STEP FOLDER MARKER``.

It says "ready" before the work during which it is to be killed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import rolethread_store
from rolethread_store.crypto import floor_params
from rolethread_store.store import Store

MEMORY = "80MB"
"""Far less than sorting what the query makes; DuckDB needs some of it just to run."""


def sort_much(store: Store) -> None:
    """Sort some 100 MB that hold the marker in every row.

    Without the one text of 100 kB: 150 copies of it in one vector cannot spill, and whether
    they meet the limit before the parent sees the spill is a race.
    """
    store.sql(
        "SELECT max(place) FROM (SELECT row_number() OVER (ORDER BY md5(content || i), content) "
        "AS place FROM messages, range(150) AS many(i) WHERE length(content) < 10_000)"
    ).fetchall()


def work(folder: Path, marker: str) -> None:
    """Everything a user does, with the marker in every text."""
    source = next(folder.glob(f"sources/{marker}*.jsonl"))
    with rolethread_store.create(
        folder / "store", passphrase=f"pass {marker}", kdf=floor_params()
    ) as store:
        dataset = store.dataset(f"set {marker}")
        report = dataset.import_file(source)
        assert report.quarantined
        entries = [str(entry.entry_id) for entry in dataset.page(5)]
        dataset.edit(entries[0], message=0, content=f"edited {marker}")
        dataset.edit(entries[1], message=1, content=f"edited {marker} " * 5_000)
        dataset.add_tags([f"tag {marker}"])
        dataset.add_tags([f"other tag {marker}"], entries=entries[:2])
        dataset.delete([entries[2]])
        dataset.undo()
        assert dataset.search(marker, limit=3)
        dataset.export(folder / "export" / f"{marker}.jsonl")
        store.add_remote("stick", (folder / "remote").as_uri())
        store.push()
        store.verify()
        store.checkpoint()
        dataset.edit(entries[3], message=0, content=f"edited {marker} after the checkpoint")
        store.push()
        assert len(store.quarantine()) == report.quarantined


def query(folder: Path, marker: str) -> None:
    """Spill until killed."""
    with rolethread_store.open(
        folder / "store", passphrase=f"pass {marker}", memory_limit=MEMORY
    ) as store:
        print("ready", flush=True)  # noqa: T201 - the parent waits for it
        while True:
            sort_much(store)


def bring(folder: Path, marker: str) -> None:
    """Import until killed."""
    source = next(folder.glob(f"sources/{marker}*.jsonl"))
    with rolethread_store.open(folder / "store", passphrase=f"pass {marker}") as store:
        print("ready", flush=True)  # noqa: T201 - the parent waits for it
        while True:
            store.dataset(f"more {marker}").import_files([source] * 20, again=True)


if __name__ == "__main__":
    {"work": work, "query": query, "bring": bring}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
