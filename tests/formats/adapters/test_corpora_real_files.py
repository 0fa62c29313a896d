"""Corpora that other people published, when they are at hand: every record is read."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.formats.adapters import Draft, Reading, ReadingOptions
from rolethread_store.formats.adapters.corpora import CORPORA

DATA = Path(__file__).parents[4] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real files are not here")

Record = dict[str, Any]


@cache
def _records(name: str) -> tuple[Record, ...]:
    content = (DATA / name).read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode("utf-8")
    if ".jsonl" in name:
        return tuple(json.loads(line) for line in text.split("\n") if line.strip())
    value = json.loads(text)
    return tuple(value) if isinstance(value, list) else (value,)


def _read(name: str, shape: str, *assistants: str) -> list[Reading]:
    readings = []
    for record in _records(name):
        (adapter,) = (one for one in CORPORA if one.recognise(record))
        assert adapter.name == shape
        readings.append(adapter.read(record, ReadingOptions(frozenset(assistants))))
    return readings


def _drafts(name: str, shape: str) -> list[Draft]:
    return [draft for reading in _read(name, shape) for draft in reading.drafts]


def _messages(drafts: list[Draft]) -> int:
    return sum(len(draft.turns) for draft in drafts)


def test_gpteacher() -> None:
    records = _records("gpteacher_roleplay.json")
    drafts = _drafts("gpteacher_roleplay.json", "gpteacher")
    assert (len(drafts), _messages(drafts)) == (1923, 3846)
    for record, draft in zip(records, drafts, strict=True):
        extra = draft.extra or {}
        again = {**extra, "response": draft.turns[-1].content}
        assert again == record


def test_hh_rlhf() -> None:
    name = "hh_rlhf_harmless_test.jsonl.gz"
    drafts = _drafts(name, "hh-rlhf")
    assert (len(drafts), _messages(drafts)) == (2312, 11520)
    marks = {"user": "\n\nHuman: ", "assistant": "\n\nAssistant: "}
    for record, draft in zip(_records(name), drafts, strict=True):
        extra = draft.extra or {}
        shared = draft.turns[: len(draft.turns) - len(extra["chosen"])]
        before = "".join(marks[turn.role] + (turn.content or "") for turn in shared)
        whole = [
            before + "".join(marks[one["role"]] + one["content"] for one in extra[key])
            for key in ("chosen", "rejected")
        ]
        assert whole == [record["chosen"], record["rejected"]]
        assert sum(len(turn.alternatives) for turn in draft.turns) == 1


def test_llamafactory_v1_pairs() -> None:
    drafts = _drafts("llamafactory_v1_dpo_demo.jsonl", "message-pairs")
    assert (len(drafts), _messages(drafts)) == (10, 30)
    for record, draft in zip(_records("llamafactory_v1_dpo_demo.jsonl"), drafts, strict=True):
        better, worse = (
            record[f"{key}_messages"][-1]["content"][0]["value"] for key in ("chosen", "rejected")
        )
        last = draft.turns[-1]
        assert (last.content, last.alternatives[0].content) == (better, worse)


def test_oasst_trees_keep_every_message() -> None:
    name = "oasst_en_100_tree.jsonl"
    drafts = _drafts(name, "oasst")
    assert (len(drafts), _messages(drafts)) == (100, 323)

    def ids(value: Any) -> list[str]:  # noqa: ANN401
        if isinstance(value, list):
            return [one for part in value for one in ids(part)]
        return [value["message_id"], *ids(value.get("replies", []))]

    for record, draft in zip(_records(name), drafts, strict=True):
        kept = [
            extra
            for turn in draft.turns
            for extra in (turn.extra, *(other.extra for other in turn.alternatives))
        ]
        assert Counter(ids(kept)) == Counter(ids(record["prompt"]))
    assert sum(len(turn.alternatives) for draft in drafts for turn in draft.turns) == 313


def test_crd3() -> None:
    (reading,) = _read("crd3_C1E001.json", "crd3", "matt")
    (draft,) = reading.drafts
    assert len(draft.turns) == 2160
    assert len(reading.facts) == 10
    roles = Counter(turn.role for turn in draft.turns)
    told = sum(turn["NAMES"][0] == "MATT" for turn in _records("crd3_C1E001.json")[0]["TURNS"])
    assert roles == {"assistant": told, "user": 2160 - told}
    assert sum("speakers" in (turn.extra or {}) for turn in draft.turns) == 13


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("llamafactory_dpo_en_demo.json", 300),
        ("llamafactory_kto_en_demo.json", 300),
        ("llamafactory_alpaca_en_demo.json", 999),
        ("llamafactory_v1_sft_demo.jsonl", 500),
        ("sharegpt_fastchat_dummy.json", 500),
    ],
)
def test_what_the_engine_reads_is_left_to_it(name: str, count: int) -> None:
    left = [record for record in _records(name) if not any(a.recognise(record) for a in CORPORA)]
    assert len(left) == count
