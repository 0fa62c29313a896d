"""Two answers to one prompt, one preferred: the form all preference shapes get in the store.

The turns are what both answers share and then the chosen one; where they part, the turn has
the rejected one as an alternative. Both answers, without what they share, also stand in the
entry's ``chosen`` and ``rejected``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rolethread_store.formats.adapters.draft import JsonObject, RecordOdd, Swipe, Turn
from rolethread_store.formats.adapters.fields import given
from rolethread_store.formats.adapters.turning import messages_of

__all__ = ["paired", "parted"]

# Two answers that both begin with so many letters of the prompt repeat it; with fewer, an
# answer of "Hello there" to "Hello" would lose its first word.
_REPEATED = 20


def paired(
    prompt: Sequence[Turn], chosen: Sequence[Turn], rejected: Sequence[Turn]
) -> tuple[tuple[Turn, ...], JsonObject]:
    """Put a prompt and two answers together.

    Args:
        prompt: The turns before both; empty when the answers hold them.
        chosen: The better answer, with or without the prompt's turns before it.
        rejected: The worse answer, likewise.

    Returns:
        The turns, and ``chosen`` and ``rejected`` for the entry's ``extra``.

    Raises:
        RecordOdd: an answer has no turns.
    """
    if not chosen or not rejected:
        raise RecordOdd("one of the two answers is empty")
    length = _shared_length(chosen, rejected)
    shared, better, worse = tuple(chosen[:length]), chosen[length:], rejected[length:]
    before = tuple(prompt)
    if before and before in (shared[: len(before)], shared[-len(before) :]):
        before = ()
    other = Swipe(
        worse[0].content,
        {
            **given(role=worse[0].role if worse[0].role != better[0].role else None),
            **(worse[0].extra or {}),
            **({"replies": messages_of(worse[1:])} if len(worse) > 1 else {}),
            "preference": "rejected",
        },
    )
    answer = replace(better[0], alternatives=(*better[0].alternatives, other))
    extra = {"chosen": messages_of(better), "rejected": messages_of(worse)}
    return (*before, *shared, answer, *better[1:]), extra


def _shared_length(chosen: Sequence[Turn], rejected: Sequence[Turn]) -> int:
    """Count the turns both begin with; each keeps at least one for its own."""
    most = min(len(chosen), len(rejected)) - 1
    pairs = zip(chosen[:most], rejected[:most], strict=True)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), most)


def parted(prompt: str, chosen: str, rejected: str) -> tuple[str, str]:
    """Return two texts without the prompt, if both repeat it at their beginning."""
    repeated = len(prompt) >= _REPEATED and all(
        answer.startswith(prompt) and len(answer) > len(prompt) for answer in (chosen, rejected)
    )
    return (chosen[len(prompt) :], rejected[len(prompt) :]) if repeated else (chosen, rejected)
