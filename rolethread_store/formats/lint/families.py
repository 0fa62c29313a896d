"""What stock chat templates do with each probe, counted per family of models.

``STOCK`` are the 62 templates that Axolotl and TRL ship for tokenizers without one of their
own, training variants left out, rendered as transformers does (sandboxed Jinja, trimmed
blocks, loop controls). ``FAMILIES`` counts the templates of axolotl 0.19.0 and trl 1.16.0
that belong to one family of models; those two releases have more than the 62, and agree
with them on every rule that can be compared by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from rolethread_store.errors import InvalidInput

__all__ = ["FAMILY_NAMES", "STOCK", "Outcomes", "TemplateUnknown", "outcomes_of"]


class TemplateUnknown(InvalidInput):
    """No family of chat templates has that name."""

    code: ClassVar[str] = "formats.template-unknown"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What some templates do with one probe.

    Attributes:
        templates: How many there are.
        raises: How many of them stop with an error.
        loses: How many lose or alter text without one.
    """

    templates: int
    raises: int
    loses: int


def _of_stock(raises: int, loses: int) -> Outcomes:
    return Outcomes(62, raises, loses)


STOCK: dict[str, Outcomes] = {
    "system-first": _of_stock(2, 3),
    "greeting-first": _of_stock(13, 0),
    "users-in-a-row": _of_stock(13, 0),
    "assistants-in-a-row": _of_stock(13, 0),
    "system-in-the-middle": _of_stock(16, 6),
    "ends-unanswered": _of_stock(0, 0),
    "content-parts": _of_stock(20, 16),
    "content-null": _of_stock(31, 9),
    "name": _of_stock(0, 61),
    "reasoning": _of_stock(0, 62),
    "thinking-in-text": _of_stock(0, 14),
    "tool-call-string": _of_stock(22, 18),
    "tool-call-object": _of_stock(15, 18),
    "developer-role": _of_stock(18, 22),
    "edge-whitespace": _of_stock(0, 24),
}
"""By rule, in the order of the columns below."""

# The number of templates, then for each rule how many raise (r) and how many lose text (l).
_FAMILIES: dict[str, tuple[int, str]] = {
    "alpaca": (1, ". . . . l1 . r1 r1 l1 l1 . l1 l1 l1 ."),
    "aya": (1, ". r1 r1 r1 r1 . r1 r1 l1 l1 . r1 r1 r1 l1"),
    "chatml": (1, ". . . . . . r1 r1 l1 l1 . l1 l1 . ."),
    "cohere": (2, ". r2 r2 r2 r2 . r2 r2 l2 l2 . r2 r2 r2 l2"),
    "cohere2": (1, ". r1 r1 r1 . . l1 l1 l1 l1 . r1 r1 l1 ."),
    "command-a": (3, ". . . . . . l3 l3 l3 l3 . l1 l1 l3 ."),
    "deepseek-r1-distill": (1, ". . . . . . r1 . l1 l1 l1 l1 l1 l1 ."),
    "deepseek-v2": (1, ". . . . . . r1 r1 l1 l1 . l1 l1 l1 ."),
    "deepseek-v3": (2, ". . . . . . r2 r1 l2 l2 l2 . r2 l2 ."),
    "exaone": (1, ". . . . . . r1 r1 l1 l1 . l1 l1 . ."),
    "exaone4": (1, ". . . . . . l1 . l1 l1 l1 . . r1 ."),
    "falcon-h1": (1, ". . . . l1 . r1 r1 l1 l1 . l1 l1 . ."),
    "gemma": (2, "r2 r2 r2 r2 r2 . l1 r1l1 l2 l2 . r2 r2 r2 l2"),
    "gemma3": (3, ". r3 r3 r3 r3 . . r3 l3 l3 . r3 r3 r3 l3"),
    "gemma4": (7, ". . . . . . . . l7 l7 . r1 . . l7"),
    "glm-4.5": (1, ". . . . . . . l1 l1 l1 l1 r1 . l1 l1"),
    "gpt-oss": (1, ". . . . l1 . r1 r1 l1 l1 . . . . ."),
    "jamba": (1, ". . . . . . l1 . . l1 . . . . ."),
    "lfm2": (2, ". . . . . . l2 l2 l2 l2 . r1l1 l1 . ."),
    "lfm2.5": (3, ". . . . . . . r2 l3 l3 l3 r3 . . ."),
    "llama3": (5, ". . . . . . l3 r1l3 l5 l5 . l2 l2 . l4"),
    "llama4": (1, ". . . . . . . r1 l1 l1 . . . . ."),
    "metharme": (1, ". . . . l1 . r1 r1 l1 l1 . l1 l1 l1 l1"),
    "mistral": (3, "l2 r3 r3 r3 r3 . . . l3 l3 . r1 r1 r3 l1"),
    "mistral-v7": (1, ". . . . . . . . l1 l1 . r1 r1 r1 ."),
    "nemotron-3": (4, ". . . . . . l4 . l4 l4 l4 r4 . . l4"),
    "nemotron-h": (1, ". . . . r1 . r1 r1 l1 l1 . r1 r1 r1 ."),
    "phi-3": (4, ". . . . . . r4 r4 l4 l4 . l4 l4 l4 ."),
    "phi-4": (1, ". . . . l1 . r1 r1 l1 l1 . l1 l1 l1 ."),
    "pixtral": (1, "l1 r1 r1 r1 r1 . . r1 l1 l1 . r1 r1 r1 ."),
    "qwen2.5": (4, ". . . . . . r2 r4 l4 l4 . l2 l2 l2 ."),
    "qwen3": (4, ". . . . l1 . l2 r1 l4 l4 l2 . . l4 ."),
    "qwen3.5": (5, ". . . . r4 . . r1 l5 l4 l4 r4 . r4l1 l4"),
}
FAMILY_NAMES = tuple(_FAMILIES)
_COUNTS = re.compile(r"(?:r(\d+))?(?:l(\d+))?")


def outcomes_of(rule: str, family: str | None) -> Outcomes | None:
    """Return what a family's templates do with what a rule finds, or the stock ones.

    Returns:
        ``None`` when the rule is not one that templates decide.

    Raises:
        TemplateUnknown: there is no such family.
    """
    if family is not None and family not in _FAMILIES:
        raise TemplateUnknown(
            f"{family!r} is not a family of chat templates that was measured",
            hint=f"choose one of: {', '.join(FAMILY_NAMES)}",
        )
    if rule not in STOCK:
        return None
    if family is None:
        return STOCK[rule]
    templates, row = _FAMILIES[family]
    found = _COUNTS.fullmatch(row.split()[list(STOCK).index(rule)])
    raises, loses = found.groups() if found else (None, None)
    return Outcomes(templates, int(raises or 0), int(loses or 0))
