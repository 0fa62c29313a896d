"""Reading: SQL, pages, search, what was set aside."""

from rolethread_store.query.console import Console, Result
from rolethread_store.query.differences import (
    ComparedState,
    Difference,
    DifferenceOutdated,
    EntryDifference,
    EntryFate,
    compared,
)
from rolethread_store.query.entry_changes import (
    FieldChange,
    MessageChange,
    MessageFate,
    compared_entries,
    compared_messages,
)
from rolethread_store.query.pages import PageInvalid, count, one, page
from rolethread_store.query.quarantined import (
    QuarantinedMissing,
    QuarantinedRecord,
    QuarantinedUnclear,
    one_quarantined,
    quarantined,
    quarantined_count,
)
from rolethread_store.query.searching import (
    SearchHit,
    SearchInvalid,
    SearchMode,
    SearchQuestion,
    search,
)
from rolethread_store.query.views import Views, named_rows
from rolethread_store.query.wording import Piece, PieceKind, compared_texts

__all__ = [
    "ComparedState",
    "Console",
    "Difference",
    "DifferenceOutdated",
    "EntryDifference",
    "EntryFate",
    "FieldChange",
    "MessageChange",
    "MessageFate",
    "PageInvalid",
    "Piece",
    "PieceKind",
    "QuarantinedMissing",
    "QuarantinedRecord",
    "QuarantinedUnclear",
    "Result",
    "SearchHit",
    "SearchInvalid",
    "SearchMode",
    "SearchQuestion",
    "Views",
    "compared",
    "compared_entries",
    "compared_messages",
    "compared_texts",
    "count",
    "named_rows",
    "one",
    "one_quarantined",
    "page",
    "quarantined",
    "quarantined_count",
    "search",
]
