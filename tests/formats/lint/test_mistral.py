"""Mistral's own validator agrees with the lint; skipped where mistral_common is not installed.

mistral-finetune reads a record as below: the system text is taken out, fields it does not
know are not read, and the rest goes to the validator in its mode for training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rolethread_store.formats.lint import Verdict
from rolethread_store.store import Store
from tests.formats.lint.probes import PROBES, probe_records
from tests.scenes import jsonl

# The trainer pins mistral_common 1.3.4 and itself takes texts alone; newer validators accept
# lists of parts, and arguments that are objects.
READ_BY_THE_TRAINER_ITSELF = {"content-parts", "tool-call-object"}


@pytest.fixture
def mistral() -> Any:  # noqa: ANN401
    return pytest.importorskip("mistral_common.protocol.instruct.messages")


def _complaint(mistral: Any, messages: list[dict[str, Any]]) -> str | None:  # noqa: ANN401
    validator = pytest.importorskip("mistral_common.protocol.instruct.validator")
    calls = pytest.importorskip("mistral_common.protocol.instruct.tool_calls")
    mode = validator.ValidationMode.finetuning
    try:
        read = [_read(mistral, calls, one) for one in messages if one["role"] not in ("system",)]
        validator.MistralRequestValidatorV3(mode).validate_messages(read, False)
    except ValueError as error:
        return str(error)
    except Exception as error:
        if not type(error).__module__.startswith("mistral_common"):
            raise
        return str(error)
    return None


def _read(mistral: Any, calls: Any, message: dict[str, Any]) -> Any:  # noqa: ANN401
    content = message["content"]
    match message["role"]:
        case "user":
            return mistral.UserMessage(content=content)
        case "tool":
            return mistral.ToolMessage(content=content, tool_call_id=message["tool_call_id"])
        case "assistant":
            made = [
                calls.ToolCall(id=call["id"], function=calls.FunctionCall(**call["function"]))
                for call in message.get("tool_calls", [])
            ]
            return mistral.FinetuningAssistantMessage(
                content=content or None, tool_calls=made or None, weight=message.get("weight")
            )
        case other:
            raise ValueError(f"unknown role {other}")


@pytest.mark.filterwarnings("ignore")
def test_the_validator_refuses_what_the_lint_says_it_refuses(
    fresh_store: Store,
    tmp_path: Path,
    mistral: Any,  # noqa: ANN401
) -> None:
    probes = fresh_store.dataset("probes")
    probes.import_file(jsonl(tmp_path / "probes.jsonl", probe_records()))
    tags = dict(fresh_store.sql("SELECT entry_id, tags[1] FROM entries").fetchall())
    refused = {
        tags[one.entry_id]
        for one in probes.lint("mistral", limit=100).findings
        if one.verdict is Verdict.REFUSED
    }
    said = {name: _complaint(mistral, messages) for name, messages in PROBES.items()}
    complained = {name for name, complaint in said.items() if complaint is not None}
    assert complained - READ_BY_THE_TRAINER_ITSELF == refused - READ_BY_THE_TRAINER_ITSELF
    assert len(complained) >= 8
