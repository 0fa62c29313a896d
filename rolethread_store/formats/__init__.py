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
from rolethread_store.formats.importing import import_files
from rolethread_store.formats.outcome import ImportOutcome, ImportTarget, QuarantineSample
from rolethread_store.formats.single import ParsedRecord, RecordUnreadable, read_one
from rolethread_store.formats.tally import RecordsUnaccounted

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
    "export_lines",
    "import_files",
    "line_expression",
    "read_one",
    "render_one",
]
