"""The source's own bytes of a record, kept where nothing else gives them back.

What an export writes for an untouched record has the same values as its source, but not
always the same bytes: keys in another order, other blanks, other escapes. Where the two
differ the source's text is kept beside the entries, in a batch of its own, so that no
query reads it; where they agree, byte for byte, nothing is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from rolethread_store.engine import literal
from rolethread_store.formats.dialect import RESERVED_KEY
from rolethread_store.formats.flat import FLATS
from rolethread_store.formats.flat_rendering import flat_line_sql
from rolethread_store.formats.gaps import BEFORE, Gaps
from rolethread_store.formats.outcome import RowWriter
from rolethread_store.formats.rendering import line_sql, usual_line_sql
from rolethread_store.formats.shaping import DIALECTS
from rolethread_store.model import Framing
from rolethread_store.segments import MESSAGE_TYPE

__all__ = [
    "EXACT_BYTES",
    "Originals",
    "content_sql",
    "foreign_rows",
    "own_line_sql",
    "own_text_sql",
]

EXACT_BYTES: Final = 64 << 20
"""Larger files keep their originals only when asked to: that takes a third longer."""

_BLANKS = "' ' || chr(9) || chr(10) || chr(13)"
_LONGEST_FRAME = 4096
# Messages with all their fields, as they are when they are read back.
_WHOLE = f"list_transform(messages, lambda one: CAST(one AS {MESSAGE_TYPE}))"
# Whether a line is what an export writes, perhaps with a feed behind it. A line has never
# to be copied for that, as it would to take the feed off.
_SAME = (
    "coalesce(CASE strlen(line) - strlen(own) WHEN 0 THEN line = own "
    "WHEN 1 THEN starts_with(line, own) AND ends_with(line, chr(10)) "
    f"ELSE trim(line, {_BLANKS}) = own END, false)"
)


def own_line_sql(formats: Collection[str]) -> str:
    """Return SQL over an entry's columns giving its record in the format it came in.

    ``NULL`` where no export writes that format, or not this entry.

    Args:
        formats: Those that there are among the entries; others may be ``NULL`` as well.
    """
    written = {one.name: line_sql(one, clean=False) for one in DIALECTS if one.name in formats}
    written |= {one.name: flat_line_sql(one) for one in FLATS if one.name in formats}
    cases = " ".join(f"WHEN {literal(name)} THEN {sql}" for name, sql in written.items())
    return f"CASE origin.format {cases} END" if written else "CAST(NULL AS VARCHAR)"


def own_text_sql() -> str:
    """Return SQL giving a foreign record's text where an entry's ``extra`` has it.

    Imports wrote it there until originals had it: an edit of an entry left it as it was.
    """
    kept = f"json_extract_string(extra, '$.\"{RESERVED_KEY}\".raw')"
    return f"CASE WHEN contains(extra, '\"raw\"') THEN trim({kept}, {_BLANKS}) END"


def content_sql(messages: str = "messages") -> str:
    """Return SQL over an entry's columns that tells whether it is what it was.

    MD5 of messages, tags and extra as JSON: a guard against writing a record's old text in
    place of an edited one, not against an adversary.
    """
    return f"md5(CAST(to_json({{'m': {messages}, 't': tags, 'e': extra}}) AS VARCHAR))"


def foreign_rows(rows: str, gap: str | None) -> str:
    """Return a SELECT of ``ORIGINAL_COLUMNS`` for what adapters read.

    Their records are kept in any case: what an adapter has no place for is nowhere else.

    Args:
        rows: A SELECT of schema v1 with the id of the record's first entry as ``lead_id``,
            and ``before`` and ``raw``, which that one alone has.
        gap: SQL for what stood before a record, where that is kept.
    """
    return (
        f"SELECT entry_id, lead_id, {gap or 'NULL'} AS before, raw, {content_sql()} AS content "
        f"FROM (SELECT * REPLACE (CAST(messages AS {MESSAGE_TYPE}[]) AS messages) FROM ({rows}))"
    )


@dataclass
class Originals:
    """Keeps what is needed to write one file once more as it was.

    Attributes:
        writer: Takes the rows.
        gaps: What stood between the records.
        between: The usual gap, ``None`` until the first records are there.
        head: What stood before the first record.
        limit: Bytes of records after which to stop, ``None`` to keep those of any file.
        sound: Whether the file can be put together again at all.
    """

    writer: RowWriter
    gaps: Gaps
    between: bytes | None = None
    head: bytes | None = None
    limit: int | None = None
    sound: bool = True
    _heard: int = 0
    _seen: int = 0

    def begin(self, group: pa.Table) -> None:
        """Learn from the first records what usually stands between two.

        How much a compressed file holds is known only when it has been read.
        """
        self._seen += group["raw"].nbytes
        if self.limit is not None and self._seen > self.limit:
            self.sound = False
        if self.head is not None:
            return
        before = group[BEFORE]
        self.head = before[0].as_py()
        usual = Gaps.usual(before)
        joined = b"\n" if self.head is None or b"[" not in self.head else b",\n"
        self.between = joined if usual is None else usual
        self.sound &= self.head is not None

    def cut(self, data: bytes, records: Sequence[tuple[int, bytes]]) -> pa.Array:
        """Return what stands before each record of a document.

        Args:
            data: The whole document.
            records: Offset and bytes of some records, those that follow each other.
        """
        starts, ends, end = [], [], self._heard
        for offset, raw in records:
            # Readers of documents may give what they read in other words than it stands.
            self.sound &= bool(raw) and offset >= end and data.startswith(raw, offset)
            text = raw.strip(b" \t\r\n")
            start = offset + raw.find(text)
            end = start + len(text)
            starts.append(start - self._heard)
            ends.append(end - self._heard)
        if not self.sound or not records:
            return pa.nulls(len(records), pa.binary())
        stretch = data[self._heard : end]
        self._heard = end
        return self.gaps.around(stretch, np.array(starts), np.array(ends))

    def end(self, data: bytes) -> None:
        """Take note of what is behind the last record of a document.

        A picture or an archive is kept too, but is no text that others could follow.
        """
        self.gaps.skip(data[self._heard :])
        self.gaps.whole = True
        try:
            data.decode()
        except UnicodeDecodeError:
            self.sound = False

    def keep(self, rows: str, formats: Collection[str], *, usual: bool = False) -> None:
        """Keep what the rows of records of our own formats need.

        Args:
            rows: A SELECT of schema v1 with each record's ``line`` and ``before``.
            formats: Those that there are among them.
            usual: Whether they are of one format of conversations, and their messages are
                role and content alone.
        """
        if not self.sound:
            return
        if usual:
            own = usual_line_sql(next(one for one in DIALECTS if one.name in formats))
        else:
            own = own_line_sql(formats)
            rows = f"SELECT * REPLACE ({_WHOLE} AS messages) FROM ({rows})"
        text = f"trim(line, {_BLANKS})"
        self.writer.write(
            f"SELECT entry_id, entry_id AS lead_id, {self._gap_sql} AS before, "
            f"CASE WHEN NOT same THEN encode({text}) END AS raw, CASE WHEN NOT same "
            f"THEN {content_sql(_WHOLE)} END AS content FROM (SELECT *, {_SAME} AS same "
            f"FROM (SELECT * REPLACE (CAST(line AS VARCHAR) AS line), {own} AS own FROM ({rows}))) "
            f"WHERE NOT same OR {self._gap_sql} IS NOT NULL"
        )

    @property
    def foreign_gap(self) -> str | None:
        """SQL for what stood before a foreign record, ``None`` when nobody will ask for it."""
        return self._gap_sql if self.sound else None

    @property
    def _gap_sql(self) -> str:
        """What stood before a record, ``NULL`` where it is the usual."""
        usual = "".join(f"\\x{byte:02X}" for byte in self.between or b"")
        return f"nullif(before, '{usual}'::BLOB)"

    def framing(self) -> Framing | None:
        """Return what the file had around its records, ``None`` if it cannot be told."""
        frame = (self.head or b"", self.between or b"\n", self.gaps.rest)
        if not (self.sound and self.gaps.whole) or max(map(len, frame)) > _LONGEST_FRAME:
            return None
        head, between, tail = (part.decode() for part in frame)
        return Framing(head=head, between=between, tail=tail)
