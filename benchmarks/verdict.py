"""How figures are printed: a table, then one line per bar that a script can read."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Verdict", "geomean", "percentile", "table"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One measured figure beside its bar; smaller is better.

    Attributes:
        name: What was measured.
        value: The figure.
        bar: The most it may be.
        unit: ``""`` for a ratio.
    """

    name: str
    value: float
    bar: float
    unit: str = ""

    @property
    def passed(self) -> bool:
        """Whether the figure is within the bar."""
        return self.value <= self.bar

    def tell(self) -> bool:
        """Print the line and return whether the bar holds."""
        kind = "VALUE" if self.unit else "RATIO"
        digits = 2 if not self.unit or self.bar < 10 else 1
        unit = f" {self.unit}" if self.unit else ""
        word = "PASS" if self.passed else "MISS"
        print(
            f"{kind} {self.name} = {self.value:.{digits}f}{unit} (bar {self.bar:g}{unit}) {word}",
            flush=True,
        )
        return self.passed


def geomean(values: Sequence[float]) -> float:
    """Return the geometric mean."""
    return math.exp(statistics.fmean(math.log(value) for value in values))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of the values lie, by nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a head, the first column to the left and numbers to the right."""
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    for line in (head, ["-" * width for width in widths], *rows):
        cells = [
            text.rjust(width) if i else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells), flush=True)
