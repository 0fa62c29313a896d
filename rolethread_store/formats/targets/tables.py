"""Parquet: one file of nested rows, or a folder as the Hugging Face hub has it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rolethread_store.formats.rendering import own_extra_sql
from rolethread_store.formats.targets.target import FileNote, Rows, Target
from rolethread_store.formats.targets.turns import CALLS
from rolethread_store.segments import MESSAGE_TYPE

__all__ = ["hugging_face", "parquet"]

_SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
_NAMES = ("1K", "10K", "100K", "1M", "10M")


def _rows(*, clean: bool) -> Rows:
    if not clean:
        return Rows(
            columns={
                "entry_id": "CAST(entry_id AS VARCHAR)",
                "messages": f"CAST(messages AS {MESSAGE_TYPE}[])",
                "tags": "tags",
                "extra": own_extra_sql(),
            }
        )
    untold = "list_filter(messages, lambda one: one.content IS NULL)"
    calling = f"list_filter(messages, lambda one: {CALLS})"
    bare = "list_transform(messages, lambda one: {'role': one.role, 'content': one.content})"
    return Rows(
        columns={"messages": bare},
        reason=f"CASE WHEN len({calling}) > 0 THEN 'tool calls' "
        f"WHEN len({untold}) > 0 THEN 'a turn that is not text' END",
    )


def _schema(*, clean: bool) -> dict[str, object]:
    if clean:
        return {"messages": [{"role": "string", "content": "string"}]}
    return {
        "entry_id": "string",
        "messages": [
            {"role": "string", "content": "string", "name": "string", "character": "string",
             "weight": "double", "alternatives": [{"content": "string", "extra": "JSON"}],
             "extra": "JSON"}
        ],
        "tags": ["string"],
        "extra": "JSON",
    }  # fmt: skip


def parquet(*, clean: bool) -> Target:
    """Return one Parquet file of nested rows."""
    return Target(
        name="parquet",
        title="nested rows in Parquet, compressed with zstd",
        rows=_rows(clean=clean),
        schema=_schema(clean=clean),
        ending=".parquet",
    )


def hugging_face(*, clean: bool) -> Target:
    """Return a folder of Parquet files with a dataset card."""
    return Target(
        name="hf",
        title="a folder for the Hugging Face hub: Parquet and a card",
        rows=_rows(clean=clean),
        schema=_schema(clean=clean),
        ending=".parquet",
        folder=True,
        folder_file=lambda _name, split: f"data/{split or 'train'}-00000-of-00001.parquet",
        companions=_card,
    )


def _size(entries: int) -> str:
    for place, (most, name) in enumerate(zip(_SIZES, _NAMES, strict=True)):
        if entries < most:
            return f"n<{name}" if place == 0 else f"{_NAMES[place - 1]}<n<{name}"
    return f"n>{_NAMES[-1]}"


def _card(name: str, files: Sequence[FileNote]) -> dict[str, str]:
    """Write the card; a JSON string is a YAML string too, whatever is in a name."""
    splits = "".join(
        f"  - split: {file.split or 'train'}\n    path: {json.dumps(_pattern(file.name))}\n"
        for file in files
    )
    counts = "".join(
        f"| {file.split or 'train'} | {file.records:,} | {file.bytes:,} |\n" for file in files
    )
    total = sum(file.records for file in files)
    front = (
        f"pretty_name: {json.dumps(name, ensure_ascii=False)}\n"
        f"size_categories:\n- {json.dumps(_size(total))}\n"
        "task_categories:\n- text-generation\n"
        "tags:\n- conversational\n- roleplay\n"
        f"configs:\n- config_name: default\n  data_files:\n{splits}"
    )
    table = f"| split | entries | bytes |\n|---|---:|---:|\n{counts}"
    return {"README.md": f"---\n{front}---\n\n# {name}\n\n{table}"}


def _pattern(path: str) -> str:
    return path.replace("-00000-of-00001", "-*")
