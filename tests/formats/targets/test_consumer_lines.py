"""MLX-LM's loader and Mistral's validator take what is exported for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.store import Store
from tests.formats.targets.consuming import Module, alternating, filled, turns_of
from tests.formats.targets.offering import RECORDS
from tests.formats.targets.tiny import made_tokenizer

pytestmark = [pytest.mark.deep, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def mlx(offline: Path) -> Module:
    return pytest.importorskip("mlx_lm.tuner.datasets", exc_type=ImportError)


def test_mlx_reads_the_folder(fresh_store: Store, tmp_path: Path, mlx: Module) -> None:
    tavern = filled(fresh_store, alternating(60))
    report = tavern.export(tmp_path / "mlx", "mlx", split="train=0.6,val=0.2,test=0.2")
    tokenizer = made_tokenizer()
    parts = mlx.load_local_dataset(tmp_path / "mlx", tokenizer, object())
    assert all(isinstance(part, mlx.ChatDataset) for part in parts)
    texts = [tokenizer.decode(part.process(row)[0]) for part in parts for row in part]
    assert len(texts) == report.records == 60
    stored = [
        "".join(f"<|start|>{role}\n{text}<|end|>\n" for role, text in turns)
        for turns in turns_of(tavern)
    ]
    assert sorted(texts) == sorted(stored)


def test_mlx_trains_every_answer_when_unrolled(
    fresh_store: Store, tmp_path: Path, mlx: Module
) -> None:
    tavern = filled(fresh_store, alternating())
    tavern.export(tmp_path / "mlx", "mlx", unroll=True)
    tokenizer = made_tokenizer()
    lines = (tmp_path / "mlx" / "train.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    part = mlx.ChatDataset([json.loads(line) for line in lines], tokenizer, mask_prompt=True)
    trained = []
    for row in part:
        tokens, offset = part.process(row)
        trained.append(tokenizer.decode(tokens[offset:]))
    assert trained == [
        f"{text}<|end|>\n" for turns in turns_of(tavern) for role, text in turns
        if role == "assistant"
    ]  # fmt: skip


def _read(message: dict[str, Any]) -> Module:
    """Read a message as mistral-finetune does."""
    messages = pytest.importorskip("mistral_common.protocol.instruct.messages")
    calls = pytest.importorskip("mistral_common.protocol.instruct.tool_calls")
    match message["role"]:
        case "system":
            return messages.SystemMessage(content=message["content"])
        case "user":
            return messages.UserMessage(content=message["content"])
        case "tool":
            return messages.ToolMessage(
                content=message["content"], tool_call_id=message.get("tool_call_id")
            )
    made = [
        calls.ToolCall(id=call["id"], function=calls.FunctionCall(**call["function"]))
        for call in message.get("tool_calls", [])
    ]
    return messages.FinetuningAssistantMessage(
        content=message["content"] or None, tool_calls=made or None, weight=message.get("weight")
    )


@pytest.mark.parametrize("crafted", [True, False])
def test_mistral_validates_every_record(fresh_store: Store, tmp_path: Path, crafted: bool) -> None:
    validator = pytest.importorskip("mistral_common.protocol.instruct.validator")
    request = pytest.importorskip("mistral_common.protocol.instruct.request")
    calls = pytest.importorskip("mistral_common.protocol.instruct.tool_calls")
    tavern = filled(fresh_store, list(RECORDS.values()) if crafted else alternating())
    report = tavern.export(tmp_path / "out.jsonl", "mistral", allow=True)
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    checking = validator.MistralRequestValidatorV3(validator.ValidationMode.finetuning)
    for line in lines:
        record = json.loads(line)
        assert all(isinstance(one["content"], str) for one in record["messages"])
        read = [_read(one) for one in record["messages"]]
        tools = [calls.Tool(**tool) for tool in record.get("tools", [])]
        checking.validate_request(request.ChatCompletionRequest(messages=read, tools=tools or None))
    assert len(lines) == report.records == (8 if crafted else 24)
