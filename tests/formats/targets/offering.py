"""One crafted dataset with a case of everything targets care for, and exports of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolethread_store.formats import (
    SHAPES,
    TARGET_NAMES,
    Arrangement,
    ExportOutcome,
    ExportPlan,
    Source,
    Splits,
    chosen_target,
    destination_of,
    export_entries,
)
from tests.formats.bench import Bench

__all__ = ["ALL", "LINES", "RECORDS", "Offer", "chat"]

ALL = [(name, shape) for name in TARGET_NAMES for shape in SHAPES.get(name, (None,))]
LINES = [(name, shape) for name, shape in ALL if name not in {"parquet", "hf", "csv", "transcript"}]


def chat(
    *turns: tuple[str, object] | tuple[str, object, dict[str, Any]], **more: object
) -> dict[str, Any]:
    """Return a ChatML record; a turn is role, content, and other fields if it has any."""
    messages = [
        {"role": turn[0], "content": turn[1], **(turn[2] if len(turn) > 2 else {})}
        for turn in turns
    ]
    return {"messages": messages, **more}


_CALL = {"id": "c-1", "type": "function", "function": {"name": "dice", "arguments": '{"sides":6}'}}
_TOOL = {"name": "dice", "description": "Rolls.", "parameters": {"type": "object"}}

RECORDS: dict[str, dict[str, Any]] = {
    "plain": chat(
        ("system", "You keep a tavern."),
        ("user", 'Who "lit" the\nlighthouse?'),
        ("assistant", "Nobody\tadmits it.\u2028Ask, again 😀"),
        ("user", "Why?"),
        ("assistant", "Fear."),
        tags=["night"],
    ),
    "greeting": chat(
        ("assistant", "*waves* Come in.", {"name": "Rex"}),
        ("user", "Hello.", {"name": "Ann"}),
        ("assistant", "Sit, Ann.", {"name": "Rex"}),
    ),
    "calls": chat(
        ("user", "Roll."),
        ("assistant", None, {"tool_calls": [_CALL]}),
        ("tool", "4", {"tool_call_id": "c-1"}),
        ("assistant", "A four."),
        tools=[{"type": "function", "function": _TOOL}],
    ),
    "sharegpt calls": {
        "conversations": [
            {"from": "human", "value": "Roll."},
            {"from": "function_call", "value": '{"name": "dice", "arguments": {"sides": 6}}'},
            {"from": "observation", "value": "5"},
            {"from": "gpt", "value": "A five."},
        ],
        "system": "Be fair.",
        "tools": json.dumps([_TOOL]),
    },
    "swipes": chat(
        ("user", "Sing."), ("assistant", "La."), ("user", "More."), ("assistant", "Li.")
    ),
    "preference": {
        "conversations": [{"from": "human", "value": "Tea or ale?"}],
        "chosen": {"from": "gpt", "value": "Ale."},
        "rejected": {"from": "gpt", "value": "Neither."},
    },
    "label": chat(("user", "Are you open?"), ("assistant", "Always."), label=False),
    "parts": chat(
        ("user", [{"type": "text", "text": "One"}, {"type": "text", "text": " two"}]),
        ("assistant", "Three."),
    ),
    "picture": chat(
        ("user", [{"type": "image_url", "image_url": {"url": "a.png"}}]), ("assistant", "A cat.")
    ),
    "late system": chat(
        ("system", "Old."), ("user", "Hi."), ("assistant", "Ho."), ("system", "New."),
        ("user", "Still there?"),
    ),
    "weights": chat(
        ("user", "a"), ("assistant", "b", {"weight": 0}), ("user", "c"),
        ("assistant", "d", {"weight": 1}),
    ),
    "half weight": chat(("user", "a"), ("assistant", "b", {"weight": 0.5})),
    "no answer": chat(("user", "Anyone?")),
    "empty": chat(),
    "images": chat(("user", "<image>Who?"), ("assistant", "Me."), images=["a.png"]),
}  # fmt: skip
_NAMES = tuple(RECORDS)
# Ids that do not depend on a clock, and the alternatives that chats bring.
_SWIPED = (
    "list_transform(messages, lambda one, place: CASE WHEN place % 2 = 0 THEN "
    "struct_update(one, alternatives := [{'content': 'Lo.', 'extra': NULL::VARCHAR}, "
    "{'content': one.content, 'extra': NULL::VARCHAR}, {'content': 'Lu.', "
    "'extra': '{\"rank\":2}'}]) ELSE one END)"
)
_ROWS = (
    "SELECT * REPLACE (CAST(md5(CAST(position AS VARCHAR)) AS UUID) AS entry_id, "
    f"CASE WHEN position = {1024 * (1 + _NAMES.index('swipes'))} THEN {_SWIPED} "
    "ELSE messages END AS messages) FROM entries"
)


@dataclass
class Offer:
    """Entries in a bench, and exports of them."""

    bench: Bench

    def take(self, *names: str) -> None:
        """Put records of the crafted dataset on the bench; all of them when none is named."""
        taken = [RECORDS[name] for name in names] if names else list(RECORDS.values())
        assert self.bench.take_records(taken).sources[0].kept == len(taken)

    def write(
        self,
        path: Path,
        target: str,
        shape: str | None = None,
        *,
        clean: bool = False,
        force: bool = False,
        splits: Splits | None = None,
        arrangement: Arrangement | None = None,
        rows: str = _ROWS,
    ) -> ExportOutcome:
        """Export to a path."""
        plan = ExportPlan(
            chosen_target(target, shape, clean=clean),
            arrangement or Arrangement(),
            splits,
            {"dataset": "tavern", "format": target},
        )
        where = destination_of(path, plan.target, splits, name="tavern", force=force)
        return export_entries(self.bench.session, Source(rows), plan, where)

    def records(
        self, target: str, shape: str | None = None, arrangement: Arrangement | None = None
    ) -> list[Any]:
        """Return the records of an export of lines."""
        path = self.bench.folder / "offered"
        outcome = self.write(path, target, shape, force=True, arrangement=arrangement)
        file = path / outcome.files[0].name if path.is_dir() else path
        lines = file.read_text(encoding="utf-8").split("\n")
        assert lines.pop() == ""
        assert len(lines) == outcome.records
        return [json.loads(line) for line in lines]

    def skipped(self, target: str, shape: str | None = None) -> dict[str, int]:
        """Return what an export left out."""
        return dict(self.write(self.bench.folder / "left", target, shape, force=True).skipped)
