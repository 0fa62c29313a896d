"""LLaMA-Factory: a folder with the records and the ``dataset_info.json`` that names them.

Its loader takes a key that ``dataset_info.json`` leaves out for absent rather than for the
usual one, and a column that is named but stands in no record ends the run: so all keys are
written out, and every record has every column.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rolethread_store.formats.json_text import joined, json_list, json_of, member
from rolethread_store.formats.targets.target import FileNote, Target, single
from rolethread_store.formats.targets.turns import (
    CALLS,
    CANONICAL,
    LETTERS,
    TEXT,
    TOOLS,
    order_reason,
)

__all__ = ["LLAMAFACTORY_OPENAI", "LLAMAFACTORY_SHAREGPT"]

_COLUMNS = (
    "prompt", "query", "response", "history", "messages", "system", "tools", "images", "videos",
    "audios", "chosen", "rejected", "kto_tag",
)  # fmt: skip
_SHAREGPT_TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
_OPENAI_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
    "function_tag": "function",
    "system_tag": "system",
}

_ARGUMENTS_TEXT = "json_extract_string(call, '$.function.arguments')"
_CALL = joined(
    member("name", json_of("json_extract_string(call, '$.function.name')")),
    member(
        "arguments",
        f"CASE WHEN json_type(call, '$.function.arguments') = 'VARCHAR' "
        f"AND NOT json_valid({_ARGUMENTS_TEXT}) THEN {json_of(_ARGUMENTS_TEXT)} "
        f"ELSE coalesce({_ARGUMENTS_TEXT}, '{{}}') END",
    ),
)
_CALL_LIST = json_list("json_extract(one.extra, '$.tool_calls[*]')", _CALL, "call")
# One call stands alone, several in a list.
_CALL_VALUE = (
    f"CASE WHEN json_array_length(one.extra, '$.tool_calls') = 1 "
    f"THEN ({_CALL_LIST})[2:-2] ELSE {_CALL_LIST} END"
)
_VALUE = f"CASE WHEN {CALLS} THEN {_CALL_VALUE} ELSE {TEXT} END"
_FROM = (
    "CASE one.role WHEN 'user' THEN 'human' WHEN 'tool' THEN 'observation' "
    f"WHEN 'assistant' THEN CASE WHEN {CALLS} THEN 'function_call' ELSE 'gpt' END "
    "ELSE one.role END"
)
_TURN = joined(member("from", json_of(_FROM)), member("value", json_of(_VALUE)))
# A call is written in the role that dataset_info.json names for it. From tool_calls the
# converter would train arguments as a text in quotes, and lose the text beside the call.
_ROLE = f"CASE WHEN {CALLS} THEN 'function' ELSE one.role END"
_MESSAGE = joined(member("role", json_of(_ROLE)), member("content", json_of(_VALUE)))
_TURNS = {"turns": "CASE WHEN letters[1] = 's' THEN messages[2:] ELSE messages END"}
_SYSTEM = f"list_transform(messages[:1], lambda one: {TEXT})[1]"
_TEXT_BESIDE_CALL = (
    f"len(list_filter(messages, lambda one: {CALLS} AND coalesce({TEXT}, '') <> '')) > 0"
)
# Its default template looks into parameters.properties of every tool, and stops without it.
_NO_PARAMETERS = '{"type":"object","properties":{}}'
_INNER = f'{{"function":{{"parameters":{_NO_PARAMETERS}}}}}'


def _lacking(path: str) -> str:
    return f"coalesce(json_type(tool, '$.{path}parameters.properties'), '') <> 'OBJECT'"


_FUNCTION = "coalesce(json_type(tool, '$.function'), '') = 'OBJECT'"
_LACKS = f"CASE WHEN {_FUNCTION} THEN {_lacking('function.')} ELSE {_lacking('')} END"
_TOOL = (
    f"CASE WHEN json_type(tool) <> 'OBJECT' OR NOT ({_LACKS}) THEN CAST(tool AS VARCHAR) "
    f"WHEN {_FUNCTION} THEN json_merge_patch(tool, '{_INNER}') "
    f"ELSE json_merge_patch(tool, '{{\"parameters\":{_NO_PARAMETERS}}}') END"
)
_EACH_TOOL = "json_extract(given_tools, '$[*]')"
_TOOL_LIST = json_list(_EACH_TOOL, _TOOL, "tool")
# Tools that lack nothing stay the very text they are.
_WHOLE_TOOLS = (
    "CASE WHEN given_tools IS NULL THEN '' WHEN CASE WHEN json_valid(given_tools) "
    f"THEN len(list_filter({_EACH_TOOL}, lambda tool: {_LACKS})) > 0 ELSE false END "
    f"THEN {_TOOL_LIST} ELSE given_tools END"
)
_TOOLS = member("tools", json_of(_WHOLE_TOOLS))


def _reason(pattern: str) -> str:
    return (
        f"coalesce({order_reason(pattern)}, "
        f"CASE WHEN {_TEXT_BESIDE_CALL} THEN 'text beside a tool call' END)"
    )


def _file_name(name: str, split: str | None) -> str:
    return f"{name}.jsonl" if split is None else f"{name}_{split}.jsonl"


def _info(files: Sequence[FileNote], formatting: str, columns: Mapping[str, str]) -> dict[str, str]:
    tags = _SHAREGPT_TAGS if formatting == "sharegpt" else _OPENAI_TAGS
    entries: dict[str, Any] = {
        file.name.removesuffix(".jsonl"): {
            "file_name": file.name,
            "formatting": formatting,
            "ranking": False,
            "columns": {name: columns.get(name) for name in _COLUMNS},
            "tags": tags,
        }
        for file in files
    }
    return {"dataset_info.json": json.dumps(entries, indent=2, ensure_ascii=False) + "\n"}


def _sharegpt_info(_name: str, files: Sequence[FileNote]) -> dict[str, str]:
    columns = {"messages": "conversations", "system": "system", "tools": "tools"}
    return _info(files, "sharegpt", columns)


def _openai_info(_name: str, files: Sequence[FileNote]) -> dict[str, str]:
    return _info(files, "openai", {"messages": "messages", "tools": "tools"})


LLAMAFACTORY_SHAREGPT = Target(
    name="llamafactory",
    title="ShareGPT records with dataset_info.json, a folder for LLaMA-Factory",
    rows=single(
        joined(
            member("conversations", json_list("turns", _TURN)),
            member("system", json_of(f"CASE WHEN letters[1] = 's' THEN {_SYSTEM} ELSE '' END")),
            _TOOLS,
        ),
        _reason("s?([ut][ac])+"),
        CANONICAL,
        LETTERS,
        TOOLS,
        _TURNS,
    ),
    schema={
        "conversations": [{"from": "human, gpt, function_call or observation", "value": "string"}],
        "system": "string, empty without one",
        "tools": "JSON as a string, empty without any",
    },
    folder=True,
    folder_file=_file_name,
    companions=_sharegpt_info,
)

LLAMAFACTORY_OPENAI = Target(
    name="llamafactory",
    title="OpenAI records with dataset_info.json, a folder for LLaMA-Factory",
    rows=single(
        joined(member("messages", json_list("messages", _MESSAGE)), _TOOLS),
        _reason("s?((u|t+)[ac])+"),
        CANONICAL,
        LETTERS,
        TOOLS,
    ),
    schema={
        "messages": [
            {"role": "system, user, assistant, tool, or function for a call",
             "content": "string; a call as JSON"}
        ],
        "tools": "JSON as a string, empty without any",
    },
    folder=True,
    folder_file=_file_name,
    companions=_openai_info,
)  # fmt: skip
