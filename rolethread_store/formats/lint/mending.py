"""What an export to a target writes in another way than it stands in the store.

``rolethread export --format TARGET`` gives every turn one of the four roles that trainers
know, writes a content of nothing but text parts as text, and writes tool calls as the target
reads them. What it mends need not keep anybody from exporting.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["EXPORT_ROLES", "JOINING", "MENDED", "format_of"]

EXPORT_ROLES: Mapping[str, str] = {
    "developer": "s", "function": "t", "function_call": "a", "observation": "t",
}  # fmt: skip
"""Letters of the roles that such an export gives a usual name."""

_ROLES = frozenset({"developer-role"})
# What an entry holds beside its turns is not written, or every record has its place for it.
_SHAPED = _ROLES | {"mixed-shapes"}
MENDED: Mapping[str, frozenset[str]] = {
    "llamafactory": _SHAPED | {"tool-call-string", "tool-call-object"},
    "llamafactory-openai": _SHAPED | {"tool-call-string"},
    "mistral": _SHAPED | {"tool-call-object", "tool-id"},
    "together": _SHAPED,
    "alpaca": _ROLES,
    "axolotl": _ROLES,
    "trl": _ROLES,
    "mlx": _SHAPED,
    "kto": _ROLES,
    "openai": frozenset({"mixed-shapes"}),
    "openai-preference": _ROLES,
}
"""By target: rules about what is no longer so in the file."""

JOINING = frozenset({"llamafactory", "llamafactory-openai", "mistral", "together", "alpaca"})
"""Targets for which a list of text parts is written as one text."""


def format_of(target: str) -> str:
    """Return the format to export to for a target."""
    return "llamafactory" if target == "llamafactory-openai" else target
