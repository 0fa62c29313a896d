"""Splits by a keyed hash of the entry's id.

An entry's split depends on its id and the seed alone, so it stays where it is when others
are added, edited or removed; shares are met the better the more entries there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from rolethread_store.engine import literal
from rolethread_store.errors import InvalidInput

__all__ = ["Splits", "SplitsUnclear", "parsed_splits"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_WIDTH = 2**64


class SplitsUnclear(InvalidInput):
    """What was said about splits cannot be done."""

    code: ClassVar[str] = "formats.splits-unclear"


@dataclass(frozen=True, slots=True)
class Splits:
    """Shares of the entries by name; they sum up to 1.

    Attributes:
        shares: Name to share, in the order given.
        seed: Another seed gives another assignment.
    """

    shares: tuple[tuple[str, float], ...]
    seed: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(name for name, _ in self.shares)

    @property
    def place_sql(self) -> str:
        """SQL giving the place of an entry's split among the names, from 0."""
        number = f"md5_number_lower({literal(f'{self.seed}:')} || CAST(entry_id AS VARCHAR))"
        cases, reached = [], 0.0
        for place, (_, share) in enumerate(self.shares[:-1]):
            reached += share
            # Compared as whole numbers: rounding must not depend on the machine.
            cases.append(f"WHEN {number} < {min(round(reached * _WIDTH), _WIDTH - 1)} THEN {place}")
        last = len(self.shares) - 1
        return f"CASE {' '.join(cases)} ELSE {last} END" if cases else "0"


def parsed_splits(text: str, seed: int = 0) -> Splits:
    """Read ``train=0.9,val=0.1``.

    Raises:
        SplitsUnclear: it is not of that form, or the shares do not sum up to 1.
    """
    shares: dict[str, float] = {}
    for item in text.split(","):
        name, _, share = item.strip().partition("=")
        if not _NAME.fullmatch(name) or name in shares:
            raise SplitsUnclear(
                f"{item.strip()!r} names no split of its own", hint="as in: train=0.9,val=0.1"
            )
        try:
            shares[name] = float(share)
        except ValueError:
            raise SplitsUnclear(
                f"{share!r} is no share of split {name}", hint="as in: train=0.9,val=0.1"
            ) from None
    if not all(0 < share <= 1 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        raise SplitsUnclear(
            "the shares of the splits must be above 0 and sum up to 1",
            hint="as in: train=0.9,val=0.1",
        )
    return Splits(tuple(shares.items()), seed)
