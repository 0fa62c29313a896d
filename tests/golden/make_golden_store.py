"""Writes ``stores/v1``, a small store that every later version must open.

Run it from the top folder, once per format version, into a folder that does not exist:

    python -m tests.golden.make_golden_store

A store that was released is never made again: it stands for those that people have.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import rolethread_store
from rolethread_store.crypto import floor_params

__all__ = ["FOLDER", "PASSPHRASE", "RECORDS", "main"]

FOLDER = Path(__file__).parent / "stores" / "v1"
PASSPHRASE = "golden is the autumn, Überraschung"

RECORDS: list[dict[str, object]] = [
    {
        "messages": [
            {"role": "system", "content": "You keep the lighthouse."},
            {"role": "user", "content": "Is the lamp lit?", "name": "Ada"},
            {"role": "assistant", "content": "It is — and the fog is thick.", "weight": 1},
        ],
        "tags": ["sea", "night"],
        "source_id": 7,
    },
    {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Describe this chart."}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "name": "look"}]},
        ]
    },
    {
        "conversations": [
            {"from": "human", "value": "灯台はどこですか。"},
            {"from": "gpt", "value": "Am Ende der Mole,\nhinter dem\u2028Leuchtfeuer."},
        ],
        "tags": [],
    },
]


def _build(work: Path) -> None:
    keep = work / "keeper.jsonl"
    lines = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
    keep.write_text("\n".join([lines[0], "{broken", *lines[1:]]) + "\n", encoding="utf-8")
    extra = work / "harbour.jsonl"
    extra.write_text(
        "".join(
            json.dumps({"messages": [{"role": "user", "content": f"Ship {n}?"}]}) + "\n"
            for n in range(4)
        ),
        encoding="utf-8",
    )
    store = rolethread_store.create(work / "store", passphrase=PASSPHRASE, kdf=floor_params())
    with store:
        keeper, harbour = store.dataset("keeper"), store.dataset("Hafen")
        keeper.import_file(keep)
        harbour.import_file(extra)
        first = keeper.page(1)[0].entry_id
        store.edit(first, message=1, content="Is the great lamp lit?")
        ships = [entry.entry_id for entry in harbour.page()]
        store.delete([ships[1]])
        harbour.add_tags(["ship"])
        store.checkpoint()
        store.edit(ships[2], message=0, content="Ship two, at last?")
        keeper.add_tags(["fog"], where="list_contains(tags, 'sea')")
        harbour.remove_tags(["ship"], entries=[ships[3]])
        store.undo()
        store.add_remote("attic", "file:///media/attic/backup")


def main() -> None:
    """Make the store."""
    if FOLDER.exists():
        raise SystemExit(f"{FOLDER} is there already; a golden store is never made again")
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        _build(work)
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(work / "store", FOLDER)


if __name__ == "__main__":
    main()
