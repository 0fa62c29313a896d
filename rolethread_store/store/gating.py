"""The gate before an export: what its trainer would certainly refuse or drop is said first."""

from __future__ import annotations

from typing import ClassVar

from rolethread_store.engine import Session
from rolethread_store.errors import InvalidInput
from rolethread_store.formats.lint import LintReport, lint_relation

__all__ = ["ExportRefused", "require_fit"]

# The lint's word for a target and shape. The others are forms to keep entries in, and no
# trainer's.
_TRAINERS = {
    "llamafactory": "llamafactory",
    "llamafactory/openai": "llamafactory-openai",
    "axolotl": "axolotl",
    "trl": "trl",
    "mlx": "mlx",
    "mistral": "mistral",
    "together": "together",
}
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
    if report.refusing:
        raise _refused(report)


def _refused(report: LintReport) -> ExportRefused:
    """Return the error that names the rules, the commonest first."""
    rules = sorted(report.refusing, key=lambda one: -one.entries)
    named = ", ".join(f"{one.rule} ({one.entries:,})" for one in rules[:_NAMED])
    more = f" and {len(rules) - _NAMED} more rules" if len(rules) > _NAMED else ""
    options = " or ".join(report.options)
    fix = f"{options} mends it; " if options else ""
    return ExportRefused(
        f"{report.target} would refuse or drop entries: {named}{more}; nothing was written",
        hint=f"{fix}--allow goes on, and counts what cannot be carried; "
        f"see: rolethread lint NAME --target {report.target}",
    )
