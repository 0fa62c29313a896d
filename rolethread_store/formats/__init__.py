"""Foreign files: reading them into rows, and writing entries back out."""

from rolethread_store.formats.adapters import ReadingOptions
from rolethread_store.formats.arranging import (
    STUB,
    Arrangement,
    Ending,
    Greeting,
    Names,
    SystemTurns,
)
from rolethread_store.formats.comparing import Difference, Expected, SourceComparison
from rolethread_store.formats.destination import Destination, StreamUnfit, destination_of
from rolethread_store.formats.detect import Detection, Failure, Guess, detect_file
from rolethread_store.formats.digesting import ContentDigest
from rolethread_store.formats.exact import EXACT, ExactPlan, NotKept, export_exact
from rolethread_store.formats.exporting import (
    ExportOutcome,
    ExportPlan,
    LineOptions,
    NothingToWrite,
    Source,
    arranged_source,
    export_entries,
    export_lines,
    line_expression,
    render_one,
)
from rolethread_store.formats.importing import import_files
from rolethread_store.formats.originals import content_sql
from rolethread_store.formats.outcome import ImportOutcome, ImportTarget, QuarantineSample
from rolethread_store.formats.placing import OutputExists
from rolethread_store.formats.repairing import (
    Repair,
    RepairLibraryMissing,
    proposed_repair,
)
from rolethread_store.formats.rereading import SetAside, read_raw, reread, still_unreadable
from rolethread_store.formats.single import EDITED_FORMATS, ParsedRecord, RecordUnreadable, read_one
from rolethread_store.formats.sinks import OutputUnwritable
from rolethread_store.formats.sources import SourceFile, SourceOptions, find_sources
from rolethread_store.formats.splitting import Splits, SplitsUnclear, parsed_splits
from rolethread_store.formats.tables_options import TableOptions
from rolethread_store.formats.tally import RecordsUnaccounted
from rolethread_store.formats.targets import (
    SHAPES,
    TARGET_NAMES,
    FileNote,
    FormatUnknown,
    Target,
    chosen_target,
)

__all__ = [
    "EDITED_FORMATS",
    "EXACT",
    "SHAPES",
    "STUB",
    "TARGET_NAMES",
    "Arrangement",
    "ContentDigest",
    "Destination",
    "Detection",
    "Difference",
    "Ending",
    "ExactPlan",
    "Expected",
    "ExportOutcome",
    "ExportPlan",
    "Failure",
    "FileNote",
    "FormatUnknown",
    "Greeting",
    "Guess",
    "ImportOutcome",
    "ImportTarget",
    "LineOptions",
    "Names",
    "NotKept",
    "NothingToWrite",
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
    "Source",
    "SourceComparison",
    "SourceFile",
    "SourceOptions",
    "Splits",
    "SplitsUnclear",
    "StreamUnfit",
    "SystemTurns",
    "TableOptions",
    "Target",
    "arranged_source",
    "chosen_target",
    "content_sql",
    "destination_of",
    "detect_file",
    "export_entries",
    "export_exact",
    "export_lines",
    "find_sources",
    "import_files",
    "line_expression",
    "parsed_splits",
    "proposed_repair",
    "read_one",
    "read_raw",
    "render_one",
    "reread",
    "still_unreadable",
]
