"""Foreign files: reading them into rows, and writing entries back out."""

from rolethread_store.formats.arranging import (
    STUB,
    Arrangement,
    Ending,
    Greeting,
    Names,
    SystemTurns,
)
from rolethread_store.formats.destination import Destination, StreamUnfit, destination_of
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
from rolethread_store.formats.importing import RecordsUnaccounted, import_files
from rolethread_store.formats.outcome import ImportOutcome, ImportTarget, QuarantineSample
from rolethread_store.formats.placing import OutputExists
from rolethread_store.formats.single import ParsedRecord, RecordUnreadable, read_one
from rolethread_store.formats.sinks import OutputUnwritable
from rolethread_store.formats.splitting import Splits, SplitsUnclear, parsed_splits
from rolethread_store.formats.targets import (
    SHAPES,
    TARGET_NAMES,
    FileNote,
    FormatUnknown,
    Target,
    chosen_target,
)

__all__ = [
    "SHAPES",
    "STUB",
    "TARGET_NAMES",
    "Arrangement",
    "Destination",
    "Ending",
    "ExportOutcome",
    "ExportPlan",
    "FileNote",
    "FormatUnknown",
    "Greeting",
    "ImportOutcome",
    "ImportTarget",
    "LineOptions",
    "Names",
    "NothingToWrite",
    "OutputExists",
    "OutputUnwritable",
    "ParsedRecord",
    "QuarantineSample",
    "RecordUnreadable",
    "RecordsUnaccounted",
    "Source",
    "Splits",
    "SplitsUnclear",
    "StreamUnfit",
    "SystemTurns",
    "Target",
    "arranged_source",
    "chosen_target",
    "destination_of",
    "export_entries",
    "export_lines",
    "import_files",
    "line_expression",
    "parsed_splits",
    "read_one",
    "render_one",
]
