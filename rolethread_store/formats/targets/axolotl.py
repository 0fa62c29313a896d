"""Axolotl: messages for ``type: chat_template``, and the YAML that points at them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rolethread_store.formats.json_text import field, joined, json_list, json_of, member
from rolethread_store.formats.targets.target import FileNote, Target, single
from rolethread_store.formats.targets.turns import (
    CANONICAL,
    LETTERS,
    STRUCTURED,
    TOOLS,
    TOOLS_MEMBER,
    chat_message,
    order_reason,
)

__all__ = ["AXOLOTL"]

# Splits that are for looking at the loss, not for training.
_EVALUATION = ("val", "valid", "validation", "eval", "test")
_THOUGHT = (
    f"CASE WHEN one.extra IS NOT NULL THEN coalesce({field('one.extra', 'reasoning_content')}, "
    f"{field('one.extra', 'reasoning')}) END"
)
_TRAIN = "CASE WHEN one.weight = 0 THEN 'false' WHEN one.weight IS NOT NULL THEN 'true' END"
_MESSAGE = chat_message(
    member("name", json_of("one.name")),
    member("reasoning_content", f"nullif({_THOUGHT}, 'null')"),
    member("train", _TRAIN),
    content=STRUCTURED,
)
_SETTINGS = """\
  - path: {path}
    ds_type: json
    type: chat_template
    field_messages: messages
    message_property_mappings:
      role: role
      content: content
    roles:
      system: [system]
      user: [user]
      assistant: [assistant]
      tool: [tool]
    roles_to_train: [assistant]
    train_on_eos: turn
    message_field_training: train
    field_tools: tools
    field_thinking: reasoning_content
"""


def _yaml(name: str, files: Sequence[FileNote]) -> dict[str, str]:
    groups: dict[str, list[str]] = {"datasets": [], "test_datasets": []}
    for file in files:
        group = "test_datasets" if file.split in _EVALUATION else "datasets"
        path = json.dumps(f"./{file.name}", ensure_ascii=False)
        split = "    split: train\n" if group == "test_datasets" else ""
        groups[group].append(_SETTINGS.format(path=path) + split)
    text = "".join(f"{group}:\n{''.join(parts)}" for group, parts in groups.items() if parts)
    return {f"{name}.yaml": f"{text}chat_template: tokenizer_default\n"}


AXOLOTL = Target(
    name="axolotl",
    title="messages for Axolotl's chat_template, with the YAML to paste",
    loaded=True,
    rows=single(
        joined(member("messages", json_list("messages", _MESSAGE)), TOOLS_MEMBER),
        order_reason(".*[ac].*", text=False),
        CANONICAL,
        LETTERS,
        TOOLS,
    ),
    schema={
        "messages": [
            {"role": "system, user, assistant or tool", "content": "string or list of parts",
             "tool_calls": "list", "tool_call_id": "string", "name": "string",
             "reasoning_content": "string", "train": "boolean, from the turn's weight"}
        ],
        "tools": "list, where the entry has some",
    },
    companions=_yaml,
)  # fmt: skip
