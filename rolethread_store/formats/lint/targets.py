"""The targets of the lint, and how a target and a template give one cell for a rule."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from rolethread_store.errors import InvalidInput
from rolethread_store.formats.lint.families import Outcomes, outcomes_of
from rolethread_store.formats.lint.matrix import CELLS, TEMPLATE_WORDS
from rolethread_store.formats.lint.mending import EXPORT_ROLES, MENDED
from rolethread_store.formats.lint.rules import FILE_RULES, RULES
from rolethread_store.formats.lint.verdict import Cell, Verdict

__all__ = ["TARGETS", "TargetUnknown", "TemplateUnneeded", "cell_of", "cells_of", "roles_of"]

TARGETS = tuple(CELLS)
_TEMPLATED = frozenset({"trl", "axolotl", "unsloth", "mlx", "kto"})

# Letters of roles that a target knows besides system, user, assistant, tool and developer.
_ROLES: Mapping[str, Mapping[str, str]] = {
    "llamafactory": {"function_call": "a", "observation": "t"},
    "torchtune": {"ipython": "t"},
    "openai": {"function": "t"},
    "openai-preference": {"function": "t"},
}


class TargetUnknown(InvalidInput):
    """No trainer or format of this name can be checked for."""

    code: ClassVar[str] = "formats.target-unknown"


class TemplateUnneeded(InvalidInput):
    """A chat template was named for a target that uses none."""

    code: ClassVar[str] = "formats.template-unneeded"


def roles_of(target: str, *, as_exported: bool = False) -> Mapping[str, str]:
    """Return the letters of roles that a target knows besides the usual ones.

    Args:
        target: The target.
        as_exported: Whether they are those of records that an export to it writes.
    """
    if as_exported and target in MENDED:
        return EXPORT_ROLES
    return _ROLES.get(target, MappingProxyType({}))


def cells_of(target: str, template: str | None = None) -> dict[str, Cell]:
    """Return what a target does with what each rule finds; a rule without effect is absent.

    Args:
        target: One of :data:`TARGETS`.
        template: Family of the model's chat template, for targets that use one.

    Raises:
        TargetUnknown: the target is none of them.
        TemplateUnknown: there is no such family.
        TemplateUnneeded: the target uses no template.
    """
    if target not in CELLS:
        raise TargetUnknown(
            f"{target!r} is not a target", hint=f"choose one of: {', '.join(TARGETS)}"
        )
    if template is not None and target not in _TEMPLATED:
        raise TemplateUnneeded(
            f"what {target} does with a record depends on no chat template",
            hint=f"--template is for: {', '.join(sorted(_TEMPLATED))}",
        )
    found = {rule.name: cell_of(rule.name, target, template) for rule in (*RULES, *FILE_RULES)}
    return {rule: cell for rule, cell in found.items() if cell is not None}


def cell_of(rule: str, target: str, template: str | None = None) -> Cell | None:
    """Return what a target does with what a rule finds, ``None`` when that is nothing."""
    if target in _TEMPLATED:
        outcomes = outcomes_of(rule, template)
        if outcomes is not None and outcomes.raises + outcomes.loses > 0:
            return _counted(rule, outcomes, template)
    return CELLS[target].get(rule)


def _counted(rule: str, outcomes: Outcomes, template: str | None) -> Cell:
    """Return the cell that counts of templates make; the worst of them is the verdict."""
    raising, losing = TEMPLATE_WORDS[rule]
    of = "stock templates" if template is None else f"templates of {template}"
    words = []
    if outcomes.raises:
        words.append(f"{outcomes.raises} of {outcomes.templates} {of} raise “{raising}”")
    if outcomes.loses:
        losing = losing or "alter the text"
        words.append(f"{outcomes.loses} of {outcomes.templates} {of} {losing}")
    verdict = Verdict.REFUSED if outcomes.raises else Verdict.CUT
    agreed = outcomes.raises if outcomes.raises else outcomes.loses
    return Cell(verdict, "; ".join(words), certain=agreed == outcomes.templates)
