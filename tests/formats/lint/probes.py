"""One small record per probe of the measured matrix, told apart by its tag."""

from __future__ import annotations

from typing import Any

__all__ = ["PROBES", "TOOLS", "probe_records", "said"]

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look",
            "description": "look around",
            "parameters": {"type": "object", "properties": {"where": {"type": "string"}}},
        },
    }
]


def said(role: str, content: object, **fields: object) -> dict[str, Any]:
    return {"role": role, "content": content, **fields}


def _user(content: object = "Who is there?", **fields: object) -> dict[str, Any]:
    return said("user", content, **fields)


def _assistant(content: object = "Nobody.", **fields: object) -> dict[str, Any]:
    return said("assistant", content, **fields)


def _call(arguments: object, call_id: str = "abcdefghi") -> list[dict[str, Any]]:
    function = {"name": "look", "arguments": arguments}
    return [
        _user(),
        _assistant("", tool_calls=[{"id": call_id, "type": "function", "function": function}]),
        said("tool", "a door", tool_call_id=call_id),
        _assistant(),
    ]


_SYSTEM = said("system", "You keep a tavern.")
_TURNS = [_user(), _assistant(), _user("And now?"), _assistant("Now too.")]

PROBES: dict[str, list[dict[str, Any]]] = {
    "normal": _TURNS,
    "system-first": [_SYSTEM, *_TURNS],
    "greeting-first": [_assistant("Welcome!"), _user(), _assistant()],
    "users-in-a-row": [_user(), _user("Hello?"), _assistant()],
    "assistants-in-a-row": [_user(), _assistant(), _assistant("At all.")],
    "system-in-the-middle": [_user(), _assistant(), _SYSTEM, _user(), _assistant()],
    "ends-unanswered": [_user(), _assistant(), _user("And now?")],
    "content-parts": [_user([{"type": "text", "text": "Who?"}]), _assistant()],
    "content-null": [_user(), _assistant(None), _user(), _assistant()],
    "name": [_user(name="Greta"), _assistant(name="Rex")],
    "reasoning": [_user(), _assistant(reasoning_content="hm"), _user(), _assistant()],
    "thinking-in-text": [_user(), _assistant("<think>hm</think>No."), _user(), _assistant()],
    "tool-call-string": _call('{"where": "up"}'),
    "tool-call-object": _call({"where": "up"}),
    "tool-id": _call('{"where": "up"}', "call_00000000001"),
    "developer-role": [said("developer", "Be brief."), *_TURNS],
    "edge-whitespace": [_user(), _assistant("\n\nNobody. ")],
    "weight": [_user(), _assistant(weight=0.5)],
    "tools": _TURNS,
    "unknown-role": [said("Greta", "Who is there?"), _assistant()],
    "no-assistant": [_user()],
    "no-messages": [],
}


def probe_records() -> list[dict[str, Any]]:
    """Return the probes as records, each tagged with its name."""
    records = []
    for name, messages in PROBES.items():
        record: dict[str, Any] = {"messages": messages, "tags": [name]}
        if name == "tools":
            record["tools"] = TOOLS
        records.append(record)
    return records
