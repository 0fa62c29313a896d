"""Raw records of whatever is named, for tests of the sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rolethread_store.formats.records import read_groups
from rolethread_store.formats.sources import SourceFile, SourceOptions, find_sources
from rolethread_store.formats.tables_options import TableOptions

__all__ = ["records_of", "rows_of", "table_records"]


def rows_of(source: SourceFile) -> list[dict[str, Any]]:
    """Return all raw records of a source."""
    return [row for table in read_groups(source) for row in table.to_pylist()]


def records_of(named: str | Path, options: SourceOptions | None = None) -> list[dict[str, Any]]:
    """Return all raw records of what is named."""
    return [row for source in find_sources([named], options) for row in rows_of(source)]


def table_records(
    path: Path, *columns: str, group: str | None = None, kind: str | None = None
) -> list[dict[str, Any]]:
    """Return all raw records of a table."""
    return records_of(path, SourceOptions(table=TableOptions.parse(columns, group, kind)))
