"""Where a benchmark finds its files, and how large they are.

Everything lies in one folder per size and is made once::

    <data>/<entries>/conversations.jsonl   the source, from benchmarks.generate
    <data>/<entries>/store/                the store, from benchmarks.stores or .importing
    <data>/<entries>/plain.parquet         the store's rows in clear, from benchmarks.queries
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["DATASET", "PASSPHRASE", "Setting"]

DATASET = "bench"
PASSPHRASE = "a passphrase for measurements only"


@dataclass(frozen=True, slots=True)
class Setting:
    """One size of data set.

    Attributes:
        entries: How many conversations.
        data: Folder of all sizes.
    """

    entries: int
    data: Path

    @classmethod
    def from_command_line(cls, description: str | None) -> Setting:
        """Read ``--entries`` and ``--data``."""
        parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
        parser.add_argument("--entries", type=int, default=1_000_000, help="how many (1000000)")
        parser.add_argument(
            "--data",
            type=Path,
            default=Path(tempfile.gettempdir()) / "rolethread-bench",
            help="folder kept between runs (one in the system's folder for temporary files)",
        )
        given = parser.parse_args()
        if given.entries < 1_000:
            parser.error("--entries must be at least 1000")
        return cls(given.entries, given.data.absolute())

    def of_size(self, entries: int) -> Setting:
        """Return the setting of another size in the same folder."""
        return replace(self, entries=entries)

    @property
    def folder(self) -> Path:
        """Folder of this size; it exists."""
        path = self.data / str(self.entries)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def source(self) -> Path:
        """The JSONL file, which :mod:`benchmarks.generate` makes."""
        return self.folder / "conversations.jsonl"

    @property
    def store(self) -> Path:
        """The store with the source imported, which :mod:`benchmarks.stores` makes."""
        return self.folder / "store"

    @property
    def plain(self) -> Path:
        """The store's rows as one unencrypted Parquet file of DuckDB's default settings."""
        return self.folder / "plain.parquet"

    @property
    def arguments(self) -> list[str]:
        """The command line arguments that give this setting."""
        return ["--entries", str(self.entries), "--data", str(self.data)]
