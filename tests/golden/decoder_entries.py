"""What changes do to entries, as ``docs/format.md`` words it; nothing of the package is used.

The upper half of :mod:`tests.golden.decoder`: entries are rows of Python values by id.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from uuid import UUID

from tests.golden.decoder_bytes import Refused, Row, TooNew

Rows = dict[UUID, Row]
MESSAGE = ("role", "content", "name", "character", "weight", "alternatives", "extra")
ORIGIN = ("import_id", "source", "record", "format")
TEXT = r'"(?:[^"\\]|\\.)*"'
# They say something of datasets, lists and facts, and nothing of entries.
ELSEWHERE = ("dataset-created", "dataset-renamed", "dataset-dropped", "batch-attached",
             "checked-out", "reverted")  # fmt: skip


def laid_over(rows: Rows, kind: str, layer: list[Row]) -> None:
    """Lay a layer over the rows below it."""
    for row in layer:
        key = row["entry_id"]
        if kind == "entries":
            rows[key] = dict(row)
        elif kind == "mask":
            rows.pop(key, None)
        elif key in rows:
            rows[key] = rows[key] | {"tags": row["tags"]}


def changed(rows: Rows, change: Row, at: datetime) -> None:
    """Let one change have its effect; one to an entry that is not there has none."""
    if change["kind"] in ELSEWHERE:
        return
    if change["kind"] == "expired":
        raise Refused("a change has expired above its base")
    if change["kind"] == "entry-added":
        rows[UUID(change["entry"]["entry_id"])] = entry_of(change["entry"])
        return
    keys = change["entry_ids"] if "entry_ids" in change else [change["entry_id"]]
    for key in map(UUID, keys):
        if change["kind"] == "entries-deleted":
            rows.pop(key, None)
        elif key in rows:
            rows[key] = rows[key] | edited(rows[key], change) | {"updated_at": at}


def without_content(extra: str | None) -> str | None:
    """Take the member ``content`` out of a JSON object; the others keep their text."""
    if extra is None:
        return None
    depth, start, members = 0, 1, list[str]()
    for token in re.finditer(TEXT + r"|[][{},]", extra, re.DOTALL):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if (token[0], depth) in ((",", 1), ("}", 0)):
            members += filter(None, [extra[start : token.start()].strip()])
            start = token.end()
    kept = [one for one in members if json.JSONDecoder().raw_decode(one)[0] != "content"]
    if len(kept) == len(members):
        return extra
    return "{" + ",".join(kept) + "}" if kept else None


def message_of(given: Row) -> Row:
    """Return a message of a change with all its fields."""
    others = [{"content": None, "extra": None} | one for one in given.get("alternatives") or ()]
    whole = dict.fromkeys(MESSAGE) | given
    return whole | ({"alternatives": others} if "alternatives" in given else {})


def entry_of(given: Row) -> Row:
    """Return an entry of a change with all its columns."""
    origin = dict.fromkeys(ORIGIN) | given["origin"]
    origin["import_id"] = origin["import_id"] and UUID(origin["import_id"])
    return {"tags": None, "extra": None} | given | {
        "entry_id": UUID(given["entry_id"]),
        "messages": [message_of(one) for one in given["messages"]],
        "origin": origin,
        "created_at": datetime.fromisoformat(given["created_at"]),
        "updated_at": datetime.fromisoformat(given["updated_at"]),
    }  # fmt: skip


def edited(row: Row, change: Row) -> Row:
    """Return the columns of an entry that a change sets."""
    match change["kind"]:
        case "entry-moved":
            return {"position": change["position"]}
        case "tags-changed":
            kept = [tag for tag in row["tags"] or [] if tag not in change["remove"]]
            return {"tags": kept + [tag for tag in dict.fromkeys(change["add"]) if tag not in kept]}
        case "message-edited":
            messages, at = list(row["messages"]), change["message"]
            for old in messages[at : at + 1]:
                extra = without_content(old["extra"])
                messages[at] = old | {"content": change["content"], "extra": extra}
            return {"messages": messages}
        case "entry-rewritten":
            messages = [message_of(one) for one in change["messages"]]
            fields = {"messages": messages, "tags": change.get("tags")}
            origin = row["origin"] | ({"format": change["format"]} if "format" in change else {})
            return fields | {"extra": change.get("extra"), "origin": origin}
    raise TooNew(f"a change of kind {change['kind']}")
