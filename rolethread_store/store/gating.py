"""The gate before an export: what its trainer would certainly refuse or drop is said first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rolethread_store.engine import Session
from rolethread_store.errors import InvalidInput
from rolethread_store.formats.lint import RuleCount, lint_relation

__all__ = ["ExportRefused", "require_fit"]

# The lint's word for a target and shape. The others are forms to keep entries in, and no
# trainer's; of TRL's preference pairs the lint knows nothing.
_TRAINERS = {
    "openai": "openai",
    "alpaca": "alpaca",
    "llamafactory": "llamafactory",
    "llamafactory/openai": "llamafactory-openai",
    "axolotl": "axolotl",
    "trl": "trl",
    "mlx": "mlx",
    "mistral": "mistral",
    "together": "together",
    "openai-preference": "openai-preference",
    "kto": "kto",
}
# An entry without a pair is none of the records such an export is made of, and is counted.
_NOT_MEANT = frozenset({"no-pair", "no-label"})
_NAMED = 3


class ExportRefused(InvalidInput):
    """The trainer would refuse or silently drop entries; nothing was written."""

    code: ClassVar[str] = "store.export-refused"


def require_fit(session: Session, relation: str, format: str, shape: str | None) -> None:
    """Refuse to write what the trainer will not take.

    Args:
        session: Where the SELECT can run.
        relation: A SELECT of the entries as they are to be written.
        format: The target.
        shape: One of its shapes, if it was chosen.

    Raises:
        ExportRefused: some entries would be refused or dropped, with the numbers and what
            helps.
    """
    target = _TRAINERS.get(f"{format}/{shape}") or _TRAINERS.get(format)
    if target is None or shape == "preference":
        return
    report = lint_relation(session, relation, target, as_exported=True, limit=1)
    refusing = [one for one in report.refusing if one.rule not in _NOT_MEANT]
    if refusing:
        raise _refused(target, refusing)


def _refused(target: str, refusing: Sequence[RuleCount]) -> ExportRefused:
    """Return the error that names the rules, the commonest first."""
    rules = sorted(refusing, key=lambda one: -one.entries)
    named = ", ".join(f"{one.rule} ({one.entries:,})" for one in rules[:_NAMED])
    more = f" and {len(rules) - _NAMED} more rules" if len(rules) > _NAMED else ""
    options = " or ".join(dict.fromkeys(option for one in rules for option in one.resolved_by))
    fix = f"{options} mends it; " if options else ""
    return ExportRefused(
        f"{target} would refuse or drop entries: {named}{more}; nothing was written",
        hint=f"{fix}--allow goes on, and counts what cannot be carried; "
        f"see: rolethread lint NAME --target {target}",
    )
