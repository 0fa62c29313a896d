"""Reading: SQL, pages, search, what was set aside."""

from rolethread_store.query.console import Console, Result
from rolethread_store.query.pages import PageInvalid, count, one, page
from rolethread_store.query.quarantined import QuarantinedRecord, quarantined
from rolethread_store.query.searching import (
    SearchHit,
    SearchInvalid,
    SearchMode,
    SearchQuestion,
    search,
)
from rolethread_store.query.views import Views, named_rows

__all__ = [
    "Console",
    "PageInvalid",
    "QuarantinedRecord",
    "Result",
    "SearchHit",
    "SearchInvalid",
    "SearchMode",
    "SearchQuestion",
    "Views",
    "count",
    "named_rows",
    "one",
    "page",
    "quarantined",
    "search",
]
