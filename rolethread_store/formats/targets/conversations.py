"""ChatML and ShareGPT: the two shapes that come in as they go out."""

from __future__ import annotations

from rolethread_store.formats.chatml import CHATML
from rolethread_store.formats.dialect import Dialect
from rolethread_store.formats.rendering import line_sql
from rolethread_store.formats.sharegpt import SHAREGPT
from rolethread_store.formats.targets.target import Target, single

__all__ = ["chatml", "sharegpt"]


def chatml(*, clean: bool) -> Target:
    """Return ChatML."""
    return _target(CHATML, "messages of role and content, as most trainers read them", clean)


def sharegpt(*, clean: bool) -> Target:
    """Return ShareGPT."""
    return _target(SHAREGPT, "conversations of from and value", clean)


def _target(dialect: Dialect, title: str, clean: bool) -> Target:
    message = {dialect.role_key: "string", dialect.content_key: "string or list of parts"}
    return Target(
        name=dialect.name,
        title=title,
        rows=single(line_sql(dialect, clean=clean), "NULL"),
        schema={dialect.list_key: [message], "tools": "list, where the entry has some"},
    )
