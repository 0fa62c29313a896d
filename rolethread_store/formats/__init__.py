"""Foreign files: reading them into rows, and writing entries back out."""

from rolethread_store.formats.adapters import ReadingOptions
from rolethread_store.formats.detect import Detection, Failure, Guess, detect_file
from rolethread_store.formats.digesting import ContentDigest
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
from rolethread_store.formats.repairing import (
    Repair,
    RepairLibraryMissing,
    proposed_repair,
)
from rolethread_store.formats.rereading import SetAside, read_raw, reread, still_unreadable
from rolethread_store.formats.single import EDITED_FORMATS, ParsedRecord, RecordUnreadable, read_one
from rolethread_store.formats.sources import SourceFile, SourceOptions, find_sources
from rolethread_store.formats.tables_options import TableOptions
from rolethread_store.formats.tally import RecordsUnaccounted

__all__ = [
    "EDITED_FORMATS",
    "ContentDigest",
    "Detection",
    "ExportOutcome",
    "Failure",
    "FormatUnknown",
    "Guess",
    "ImportOutcome",
    "ImportTarget",
    "LineOptions",
    "OutputExists",
    "OutputUnwritable",
    "ParsedRecord",
    "QuarantineSample",
    "ReadingOptions",
    "RecordUnreadable",
    "RecordsUnaccounted",
    "Repair",
    "RepairLibraryMissing",
    "SetAside",
    "SourceFile",
    "SourceOptions",
    "TableOptions",
    "detect_file",
    "export_lines",
    "find_sources",
    "import_files",
    "line_expression",
    "proposed_repair",
    "read_one",
    "read_raw",
    "render_one",
    "reread",
    "still_unreadable",
]
