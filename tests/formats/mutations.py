"""Records as they are after a program was changed, a file cut, or a hand slipped."""

from __future__ import annotations

import copy
import random

from hypothesis import strategies as st

from rolethread_store.formats.adapters import Json

__all__ = ["damaged"]

_ODD: tuple[Json, ...] = (
    None,
    True,
    0,
    -1,
    1 << 70,
    1e300,
    "",
    "text",
    "2026-99-99@99h99m99s",
    "//[",
    [],
    [[]],
    [None, 1, "x", {}],
    {},
    {"text": 1},
)


def _places(value: Json, found: list[tuple[Json, Json]]) -> list[tuple[Json, Json]]:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        found.append((value, key))
        _places(value[key], found)
    return found


def _damage(value: Json, chance: random.Random) -> None:
    places = _places(value, [])
    if not places:
        return
    holder, key = chance.choice(places)
    act = chance.randrange(4)
    if act == 0:
        del holder[key]
    elif act == 1:
        holder[key] = copy.deepcopy(chance.choice(_ODD))
    elif act == 2:
        other, place = chance.choice(places)
        holder[key] = copy.deepcopy(other[place])
    else:
        held = holder[key]
        holder[key] = [held] if chance.random() < 0.5 else {"value": held}


def damaged(values: list[Json]) -> st.SearchStrategy[Json]:
    """Give one of some values with up to four places of it changed."""

    def made(drawn: tuple[Json, random.Random, int]) -> Json:
        value, chance, times = copy.deepcopy(drawn[0]), drawn[1], drawn[2]
        for _ in range(times):
            _damage(value, chance)
        return value

    chance = st.randoms(use_true_random=False)
    return st.tuples(st.sampled_from(values), chance, st.integers(1, 4)).map(made)
