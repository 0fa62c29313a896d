"""Chats that every target can carry, exported from a store, for trainers' own loaders to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rolethread_store.store import Dataset, Store

__all__ = [
    "SHAPES_OF_CHATS", "TEXTS", "Module", "Turns", "alternating", "filled", "pairs", "pruned",
    "record_file", "spoken", "turns_of",
]  # fmt: skip

Turns = list[tuple[str | None, str | None]]
Module = Any
"""A package that need not be installed, so that its types are not known."""

# What loaders of lines, tables and JSON stumble over.
TEXTS = (
    'Who "lit" the\nlighthouse?',
    "Nobody\tadmits it.\u2028Ask, again\u2029\u0085 😀",
    "שלום \u202bעולם\u202c، مرحبا",
    "你好 「世界」 ヴ ㍿ e\u0301 \U0001f469\u200d\U0001f680 ẞ",
    "\ufeffa byte order mark, and \x00 a null",
    "carriage\rreturn\r\nand, commas;\ttabs",
    '{"role": "user", "content": "JSON in a text"}',
    "null",
    "NA",
    "12",
    "2024-01-02T03:04:05Z",
    "true",
    "\\n is no \\u0041 escape \\",
    "<|im_start|>assistant <think>no</think>",
    "=SUM(A1:A9)",
    "'single', “double”, `back`",
)
SHAPES_OF_CHATS = (
    ("chatml", None), ("openai", None), ("sharegpt", None), ("alpaca", None),
    ("llamafactory", "sharegpt"), ("llamafactory", "openai"), ("axolotl", None),
    ("trl", "messages"), ("trl", "prompt-completion"), ("mlx", None), ("mistral", None),
    ("together", None),
)  # fmt: skip
_SPEAKERS = {"human": "user", "gpt": "assistant", "system": "system"}


def alternating(count: int = 24) -> list[dict[str, Any]]:
    """Return conversations of every length that trainers take, every second with a system turn."""
    chats = []
    for number in range(count):
        turns = [
            {"role": ("user", "assistant")[place % 2], "content": TEXTS[(number + place) % 16]}
            for place in range(2 + 2 * (number % 3))
        ]
        system = [{"role": "system", "content": f"Tavern {number}"}] if number % 2 else []
        chats.append({"messages": [*system, *turns]})
    return chats


def pairs(count: int = 12) -> list[dict[str, Any]]:
    """Return records of a question and two answers."""
    return [
        {
            "prompt": [
                *([{"role": "system", "content": f"Tavern {number}"}] if number % 2 else []),
                {"role": "user", "content": TEXTS[number]},
            ],
            "chosen": [{"role": "assistant", "content": TEXTS[number + 1]}],
            "rejected": [{"role": "assistant", "content": f"worse than {number}"}],
        }
        for number in range(count)
    ]


def filled(store: Store, records: list[dict[str, Any]], name: str = "tavern") -> Dataset:
    """Return a dataset of records that were imported from a file."""
    source = store.path.parent / f"{name}-source.jsonl"
    lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in records)
    source.write_bytes("".join(lines).encode())
    dataset = store.dataset(name)
    report = dataset.import_file(source)
    assert (report.quarantined, report.entries) == (0, len(records))
    return dataset


def turns_of(dataset: Dataset) -> list[Turns]:
    """Return role and text of every turn of every entry, as the store has them."""
    entries = dataset.page(1_000_000)
    return [[(one.role, one.content) for one in entry.messages] for entry in entries]


def spoken(record: dict[str, Any]) -> Turns:
    """Return role and text of every turn of a record of one of the shapes of chats."""
    if "instruction" in record:
        system = [("system", record["system"])] if record["system"] else []
        asked = [*record["history"], [record["instruction"], record["output"]]]
        return [*system, *(turn for ask, say in asked for turn in
                           (("user", ask), ("assistant", say)))]  # fmt: skip
    if "conversations" in record:
        system = [("system", record["system"])] if record.get("system") else []
        return [*system, *((_SPEAKERS[one["from"]], one["value"])
                           for one in record["conversations"])]  # fmt: skip
    messages = record.get("messages") or [*record["prompt"], *record["completion"]]
    return [(one["role"], one["content"]) for one in messages]


def pruned(value: Any) -> Any:  # noqa: ANN401
    """Return a value without what is null in it: loaders fill gaps so."""
    if isinstance(value, dict):
        return {key: pruned(inner) for key, inner in value.items() if inner is not None}
    return [pruned(inner) for inner in value] if isinstance(value, list) else value


def record_file(path: Path) -> Path:
    """Return the file of records of an export that is not split."""
    if path.is_file():
        return path
    return next(one for one in sorted(path.iterdir()) if one.suffix == ".jsonl")
