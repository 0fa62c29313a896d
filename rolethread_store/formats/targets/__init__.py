"""What entries can be exported to: one module for each trainer or file format."""

from rolethread_store.formats.targets.choosing import (
    SHAPES,
    TARGET_NAMES,
    FormatUnknown,
    chosen_target,
)
from rolethread_store.formats.targets.target import FileNote, Rows, Target

__all__ = [
    "SHAPES",
    "TARGET_NAMES",
    "FileNote",
    "FormatUnknown",
    "Rows",
    "Target",
    "chosen_target",
]
