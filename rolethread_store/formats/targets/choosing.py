"""The targets by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from rolethread_store.errors import InvalidInput
from rolethread_store.formats.targets.alpaca import alpaca
from rolethread_store.formats.targets.axolotl import AXOLOTL
from rolethread_store.formats.targets.conversations import chatml, sharegpt
from rolethread_store.formats.targets.kto import KTO
from rolethread_store.formats.targets.llamafactory import (
    LLAMAFACTORY_OPENAI,
    LLAMAFACTORY_SHAREGPT,
)
from rolethread_store.formats.targets.mistral import MISTRAL
from rolethread_store.formats.targets.mlx import MLX
from rolethread_store.formats.targets.openai import OPENAI
from rolethread_store.formats.targets.openai_preference import OPENAI_PREFERENCE
from rolethread_store.formats.targets.spreadsheet import csv_of_entries, csv_of_turns
from rolethread_store.formats.targets.tables import hugging_face, parquet
from rolethread_store.formats.targets.target import Target
from rolethread_store.formats.targets.together import TOGETHER
from rolethread_store.formats.targets.transcript import TRANSCRIPT
from rolethread_store.formats.targets.trl import (
    TRL_MESSAGES,
    TRL_PREFERENCE,
    TRL_PROMPT_COMPLETION,
)

__all__ = ["SHAPES", "TARGET_NAMES", "FormatUnknown", "chosen_target"]

Made = Callable[[bool], Target]


class FormatUnknown(InvalidInput):
    """No format of this name can be written."""

    code: ClassVar[str] = "formats.format-unknown"


def _always(target: Target) -> Made:
    return lambda _clean: target


# By name and shape; the first shape is the usual one.
_TARGETS: Mapping[str, Mapping[str, Made]] = {
    "chatml": {"": lambda clean: chatml(clean=clean)},
    "openai": {"": _always(OPENAI)},
    "sharegpt": {"": lambda clean: sharegpt(clean=clean)},
    "alpaca": {"": lambda clean: alpaca(clean=clean)},
    "llamafactory": {
        "sharegpt": _always(LLAMAFACTORY_SHAREGPT),
        "openai": _always(LLAMAFACTORY_OPENAI),
    },
    "axolotl": {"": _always(AXOLOTL)},
    "trl": {
        "messages": _always(TRL_MESSAGES),
        "prompt-completion": _always(TRL_PROMPT_COMPLETION),
        "preference": _always(TRL_PREFERENCE),
    },
    "mlx": {"": _always(MLX)},
    "mistral": {"": _always(MISTRAL)},
    "together": {"": _always(TOGETHER)},
    "openai-preference": {"": _always(OPENAI_PREFERENCE)},
    "kto": {"": _always(KTO)},
    "parquet": {"": lambda clean: parquet(clean=clean)},
    "csv": {
        "turns": lambda clean: csv_of_turns(clean=clean),
        "entries": lambda clean: csv_of_entries(clean=clean),
    },
    "hf": {"": lambda clean: hugging_face(clean=clean)},
    "transcript": {"": _always(TRANSCRIPT)},
}

TARGET_NAMES = tuple(_TARGETS)
"""What can be exported to."""

SHAPES: Mapping[str, tuple[str, ...]] = {
    name: tuple(shapes) for name, shapes in _TARGETS.items() if "" not in shapes
}
"""The shapes of the targets that have several, the usual one first."""


def chosen_target(name: str, shape: str | None = None, *, clean: bool = False) -> Target:
    """Return a target by name.

    Args:
        name: One of :data:`TARGET_NAMES`.
        shape: One of its :data:`SHAPES`, ``None`` for the usual one.
        clean: Only what a trainer reads, where the target can carry more.

    Raises:
        FormatUnknown: there is no such target, or it has no such shape.
    """
    if name not in _TARGETS:
        raise FormatUnknown(
            f"{name!r} is not a format to export to", hint=f"choose one of: {', '.join(_TARGETS)}"
        )
    shapes = _TARGETS[name]
    if shape is None:
        return next(iter(shapes.values()))(clean)
    if shape not in shapes or not shape:
        known = ", ".join(SHAPES.get(name, ()))
        raise FormatUnknown(
            f"{name} has no shape {shape!r}",
            hint=f"choose one of: {known}" if known else f"leave --shape out: {name} has only one",
        )
    return shapes[shape](clean)
