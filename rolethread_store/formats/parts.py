"""The struct every way of reading a record ends in, spelt once."""

from __future__ import annotations

from collections.abc import Mapping

from rolethread_store.segments import MESSAGE_TYPE

__all__ = ["MESSAGE_FIELDS", "RECORD_TYPE", "message_struct", "record_struct", "unreadable_record"]

# What a reader does not set; the casts keep every branch of one type.
MESSAGE_FIELDS: Mapping[str, str] = {
    "role": "CAST(NULL AS VARCHAR)",
    "content": "CAST(NULL AS VARCHAR)",
    "name": "CAST(NULL AS VARCHAR)",
    "character": "CAST(NULL AS VARCHAR)",
    "weight": "CAST(NULL AS DOUBLE)",
    "alternatives": "CAST(NULL AS STRUCT(content VARCHAR, extra VARCHAR)[])",
    "extra": "CAST(NULL AS VARCHAR)",
}

RECORD_TYPE = f"STRUCT(messages {MESSAGE_TYPE}[], tags VARCHAR[], extra VARCHAR, reason VARCHAR)"


def message_struct(fields: Mapping[str, str]) -> str:
    """Return SQL for one message; ``fields`` has every name of ``MESSAGE_FIELDS``."""
    return "{" + ", ".join(f"'{name}': {fields[name]}" for name in MESSAGE_FIELDS) + "}"


def unreadable_record(reason: str) -> str:
    """Return SQL for a record that goes to quarantine for the reason the SQL gives."""
    return (
        f"{{'messages': CAST(NULL AS {MESSAGE_TYPE}[]), 'tags': CAST(NULL AS VARCHAR[]), "
        f"'extra': CAST(NULL AS VARCHAR), 'reason': {reason}}}"
    )


def record_struct(fields: Mapping[str, str]) -> str:
    """Return SQL for the record struct of fields that could be read."""
    every = {**fields, "reason": "CAST(NULL AS VARCHAR)"}
    return "{" + ", ".join(f"'{name}': {value}" for name, value in every.items()) + "}"
