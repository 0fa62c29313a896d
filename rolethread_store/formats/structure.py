"""Finding where JSON values begin and end, in bulk and without parsing them.

Quotes tell strings from structure, brackets outside strings give the depth; both are
computed over a whole chunk at once and carried to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["BracketScan", "Found", "deepest"]

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

_QUOTE, _BACKSLASH, _COMMA = 0x22, 0x5C, 0x2C
_STRUCTURAL = np.zeros(256, np.bool_)
_STRUCTURAL[[*b"[]{},"]] = True
_STEP = np.zeros(256, np.int64)
_STEP[[*b"[{"]] = 1
_STEP[[*b"]}"]] = -1


@dataclass(frozen=True, slots=True)
class Found:
    """What a chunk holds at the level of its records.

    Attributes:
        opens: Places where a bracket opens a value at the records' level.
        closes: Places where a bracket closes such a value.
        commas: Places of commas between such values.
        end: Place of the bracket that closes the enclosing array, or ``None``.
    """

    opens: Places
    closes: Places
    commas: Places
    end: int | None


class BracketScan:
    """The state of a scan between chunks."""

    def __init__(self, level: int) -> None:
        """Start a scan.

        Args:
            level: Depth of the records: 0 for values side by side, 1 inside an array
                whose opening bracket was already passed.
        """
        self._level = level
        self._depth = level
        self._in_string = False
        self._escaped = False

    @property
    def inside(self) -> bool:
        """Tell whether the text so far ends inside a value."""
        return self._in_string or self._depth > self._level

    def feed(self, chunk: Bytes) -> Found:
        """Scan the next bytes; places are relative to their beginning."""
        quotes = self._quotes(chunk)
        places = np.flatnonzero(_STRUCTURAL[chunk])
        before = np.searchsorted(quotes, places)
        places = places[(before + self._in_string) % 2 == 0]
        self._in_string = bool((len(quotes) + self._in_string) % 2)
        steps = _STEP[chunk[places]]
        depth = self._depth + np.cumsum(steps)
        if self._level == 0 and len(depth):
            # A stray closing bracket outside any value must not sink the rest.
            depth = depth - np.minimum(0, np.minimum.accumulate(depth))
        end = None
        if self._level > 0 and len(out := np.flatnonzero(depth < self._level)):
            end = int(places[out[0]])
            places, steps, depth = places[: out[0]], steps[: out[0]], depth[: out[0]]
        if len(depth):
            self._depth = int(depth[-1])
        return Found(
            opens=places[(steps > 0) & (depth == self._level + 1)],
            closes=places[(steps < 0) & (depth == self._level)],
            commas=places[(steps == 0) & (depth == self._level)],
            end=end,
        )

    def _quotes(self, chunk: Bytes) -> Places:
        """Return the places of quotes that no odd run of backslashes escapes."""
        quotes = np.flatnonzero(chunk == _QUOTE)
        slashes = np.flatnonzero(chunk == _BACKSLASH)
        carried, self._escaped = self._escaped, False
        if not len(slashes):
            return quotes[1:] if carried and len(quotes) and quotes[0] == 0 else quotes
        fresh = np.ones(len(slashes), np.bool_)
        fresh[1:] = np.diff(slashes) != 1
        starts = np.maximum.accumulate(np.where(fresh, slashes, -1))
        lengths = slashes - starts + 1
        if carried:
            lengths = lengths + (starts == 0)
        if slashes[-1] == len(chunk) - 1:
            self._escaped = bool(lengths[-1] % 2)
        index = np.searchsorted(slashes, quotes) - 1
        after = (index >= 0) & (slashes[np.maximum(index, 0)] == quotes - 1)
        escaped: npt.NDArray[np.bool_] = after & (lengths[np.maximum(index, 0)] % 2 == 1)
        if carried:
            escaped |= quotes == 0
        unescaped: Places = quotes[~escaped]
        return unescaped


def deepest(text: Bytes) -> int:
    """Return how deep the brackets of one value are nested."""
    scan = BracketScan(0)
    quotes = scan._quotes(text)
    places = np.flatnonzero(_STRUCTURAL[text])
    places = places[np.searchsorted(quotes, places) % 2 == 0]
    return int(np.max(np.cumsum(_STEP[text[places]]), initial=0))
