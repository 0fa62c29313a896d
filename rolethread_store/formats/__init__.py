"""Foreign files: reading them into rows, and writing entries back out."""

from rolethread_store.formats.exporting import (
    ExportOutcome,
    FormatUnknown,
    LineOptions,
    OutputExists,
    OutputUnwritable,
    export_lines,
    line_expression,
    render_one,
)
from rolethread_store.formats.importing import RecordsUnaccounted, import_files
from rolethread_store.formats.outcome import ImportOutcome, ImportTarget, QuarantineSample
from rolethread_store.formats.single import ParsedRecord, RecordUnreadable, read_one
from rolethread_store.formats.sources import SourceFile, SourceOptions, find_sources
from rolethread_store.formats.tables_options import TableOptions

__all__ = [
    "ExportOutcome",
    "FormatUnknown",
    "ImportOutcome",
    "ImportTarget",
    "LineOptions",
    "OutputExists",
    "OutputUnwritable",
    "ParsedRecord",
    "QuarantineSample",
    "RecordUnreadable",
    "RecordsUnaccounted",
    "SourceFile",
    "SourceOptions",
    "TableOptions",
    "export_lines",
    "find_sources",
    "import_files",
    "line_expression",
    "read_one",
    "render_one",
]
