"""MLX-LM: a folder with ``train.jsonl`` and, when split, ``valid.jsonl`` and ``test.jsonl``.

It takes the shape of all records from the first one, and its ``--mask-prompt`` trains only
the last turn: ``--unroll`` gives each assistant turn a record that ends with it.
"""

from __future__ import annotations

from rolethread_store.formats.json_text import joined, json_list, member
from rolethread_store.formats.targets.target import Target, single
from rolethread_store.formats.targets.turns import (
    CANONICAL,
    LETTERS,
    TOOLS,
    TOOLS_MEMBER,
    chat_message,
    order_reason,
)

__all__ = ["MLX"]

_FILES = {"val": "valid", "validation": "valid"}


def _file_name(_name: str, split: str | None) -> str:
    known = split or "train"
    return f"{_FILES.get(known, known)}.jsonl"


MLX = Target(
    name="mlx",
    title="a folder of messages for MLX-LM",
    rows=single(
        joined(member("messages", json_list("messages", chat_message())), TOOLS_MEMBER),
        order_reason(".*[ac].*"),
        CANONICAL,
        LETTERS,
        TOOLS,
    ),
    schema={
        "messages": [{"role": "string", "content": "string"}],
        "tools": "list, where the entry has some",
    },
    folder=True,
    folder_file=_file_name,
    splits=("train", "val", "valid", "validation", "test"),
)
