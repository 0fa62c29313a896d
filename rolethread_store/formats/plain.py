"""The fast lane: records that all look alike are read by one typed pass.

A file usually holds one shape: the same top-level keys, messages of nothing but role and
content. ``from_json_strict`` reads such a record three times faster than the JSON
functions do, but it does not notice unknown keys and takes numbers for text; the record's
``json_structure`` tells both, so only records whose structure is exactly the shape's are
read this way, and whatever the strict reader then refuses goes the general way.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from rolethread_store.engine import Session, identifier, literal
from rolethread_store.formats.chatml import CHATML
from rolethread_store.formats.dialect import RESERVED_KEY, Dialect
from rolethread_store.formats.parts import MESSAGE_FIELDS, message_struct
from rolethread_store.formats.sharegpt import SHAREGPT

__all__ = ["PlainShape", "find_shape"]

_SAMPLE_RECORDS = 200
# Few fields make a plain shape; Python's decoder gives up on 1,000 levels of nesting.
_LONGEST_STRUCTURE = 900
_LIST_KEYS = (CHATML.list_key, SHAREGPT.list_key)
# Keys become names of struct fields, which ignore case.
_SAFE_KEY = re.compile(r"[A-Za-z0-9_.\- ]{1,64}")
_NOT_PLAIN = {RESERVED_KEY, "system", *_LIST_KEYS}
_TAGS = ('["VARCHAR"]', '["NULL"]')


@dataclass(frozen=True, slots=True)
class PlainShape:
    """One exact shape of record.

    Attributes:
        dialect: What its messages are.
        list_key: Key of the list of messages.
        keys: The other top-level keys but ``tags``, sorted.
        has_tags: Whether it has ``tags``, a list of strings.
        seen: Structures of this shape met in the sample, as the engine words them.
    """

    dialect: Dialect
    list_key: str
    keys: tuple[str, ...]
    has_tags: bool
    seen: tuple[str, ...] = ()

    def matches_sql(self, structure: str) -> str:
        """Return SQL that tells whether a structure is this shape's; ``NULL`` is false."""
        every = sorted((self.list_key, *self.keys, *(("tags",) if self.has_tags else ())))
        names = ", ".join(literal(key) for key in every)
        first, second = (
            json.dumps([{one: "VARCHAR", other: "VARCHAR"}], separators=(",", ":"))
            for one, other in (
                (self.dialect.role_key, self.dialect.content_key),
                (self.dialect.content_key, self.dialect.role_key),
            )
        )
        tags = "true"
        if self.has_tags:
            listed = ", ".join(literal(tag) for tag in _TAGS)
            tags = f"CAST(json_extract({structure}, '$.tags') AS VARCHAR) IN ({listed})"
        seen = ", ".join(literal(one) for one in self.seen) or "''"
        return (
            f"CASE WHEN {structure} IS NULL THEN false "
            f"WHEN CAST({structure} AS VARCHAR) IN ({seen}) THEN true "
            f"ELSE coalesce(list_sort(json_keys({structure})) = list_sort([{names}]) "
            f"AND CAST(json_extract({structure}, '$.{self.list_key}') AS VARCHAR) "
            f"IN ({literal(first)}, {literal(second)}) AND {tags}, false) END"
        )

    def read_sql(self, line: str) -> str:
        """Return SQL reading a record into a struct, ``NULL`` when the reader refuses."""
        shape: dict[str, Any] = {
            self.list_key: [{self.dialect.role_key: "VARCHAR", self.dialect.content_key: "VARCHAR"}]
        }
        if self.has_tags:
            shape["tags"] = ["VARCHAR"]
        shape.update(dict.fromkeys(self.keys, "JSON"))
        return f"TRY(from_json_strict({line}, {literal(json.dumps(shape))}))"

    def accepts_sql(self, read: str) -> str:
        """Return SQL that tells whether what was read holds everything the record does."""
        role = identifier(self.dialect.role_key)
        listed = f"{read}.{identifier(self.list_key)}"
        tests = [
            f"{read} IS NOT NULL",
            f"len(list_filter({listed}, lambda one: one.{role} IS NULL)) = 0",
        ]
        if self.has_tags:
            tests.append(f"len(list_filter({read}.tags, lambda one: one IS NULL)) = 0")
        return " AND ".join(tests)

    @property
    def kind(self) -> str:
        """The kind of its records: list and dialect."""
        return f"{self.list_key}/{self.dialect.name}"

    def record_sql(self, read: str) -> str:
        """Return SQL making the record struct (``parts.RECORD_TYPE``) of what was read."""
        fields = {**self.fields_sql(read), "reason": "CAST(NULL AS VARCHAR)"}
        return "{" + ", ".join(f"'{name}': {value}" for name, value in fields.items()) + "}"

    def usual_messages_sql(self, read: str) -> str:
        """Return SQL for role and content of messages that need no other field."""
        dialect = self.dialect
        listed = f"{read}.{identifier(self.list_key)}"
        if (dialect.role_key, dialect.content_key) == ("role", "content"):
            return listed
        role = dialect.role_sql(f"one.{identifier(dialect.role_key)}")
        return (
            f"list_transform({listed}, lambda one: "
            f"{{'role': {role}, 'content': one.{identifier(dialect.content_key)}}})"
        )

    def all_usual_sql(self, read: str) -> str:
        """Return SQL that tells whether the messages need nothing but role and content."""
        label, text = self.dialect.role_key, self.dialect.content_key
        return (
            f"len(list_filter({read}.{identifier(self.list_key)}, lambda one: "
            f"(one.{identifier(label)} IN ({self.usual_sql}) "
            f"AND one.{identifier(text)} IS NOT NULL) IS NOT TRUE)) = 0"
        )

    @property
    def usual_sql(self) -> str:
        """The labels that are kept by their role alone, for an ``IN``."""
        return ", ".join(literal(word) for word in self.dialect.usual_labels)

    def fields_sql(self, read: str) -> dict[str, str]:
        """Return SQL for ``messages``, ``tags`` and ``extra`` of what was read."""
        dialect = self.dialect
        label = f"one.{identifier(dialect.role_key)}"
        text = f"one.{identifier(dialect.content_key)}"
        role = dialect.role_sql(label)
        usual = self.usual_sql
        # The first branch is all that most messages need.
        extra = (
            f"CASE WHEN {text} IS NOT NULL AND {label} IN ({usual}) THEN NULL "
            f"WHEN {label} = {dialect.label_sql(role)} THEN "
            f"CASE WHEN {text} IS NULL THEN '{{\"{dialect.content_key}\":null}}' END "
            f"ELSE '{{\"{RESERVED_KEY}\":{{\"role\":' || to_json({label}) || '}}' || "
            f"CASE WHEN {text} IS NULL THEN ',\"{dialect.content_key}\":null' ELSE '' END || '}}' "
            f"END"
        )
        fields = {**MESSAGE_FIELDS, "role": role, "content": text, "extra": extra}
        other_list = [] if self.list_key == dialect.list_key else [
            literal(f'"{RESERVED_KEY}":{{"list":"{self.list_key}"}}')
        ]  # fmt: skip
        kept = other_list + [
            f"{literal(json.dumps(key) + ':')} || "
            f"coalesce(CAST({read}.{identifier(key)} AS VARCHAR), 'null')"
            for key in self.keys
        ]
        top = f"'{{' || {' || chr(44) || '.join(kept)} || '}}'" if kept else "NULL"
        return {
            "messages": f"list_transform({read}.{identifier(self.list_key)}, "
            f"lambda one: {message_struct(fields)})",
            "tags": f"{read}.tags" if self.has_tags else "CAST(NULL AS VARCHAR[])",
            "extra": f"CAST({top} AS VARCHAR)",
        }


def find_shape(session: Session, source: str) -> PlainShape | None:
    """Return the commonest plain shape among the first records, ``None`` without one.

    Args:
        session: Where ``source`` is known.
        source: Quoted name of a table of raw records.
    """
    rows = session.rows(
        f"SELECT CAST(structure AS VARCHAR), count(*) FROM (SELECT "
        f"CASE WHEN fault IS NULL THEN TRY(json_structure(line)) END AS structure "
        f"FROM (SELECT line, fault FROM {source} ORDER BY record LIMIT {_SAMPLE_RECORDS})) "
        f"WHERE structure IS NOT NULL GROUP BY ALL"
    )
    votes: dict[PlainShape, int] = {}
    seen: dict[PlainShape, list[str]] = {}
    for structure, count in rows:
        if len(structure) > _LONGEST_STRUCTURE:
            continue
        if (shape := _shape_of(json.loads(structure))) is not None:
            votes[shape] = votes.get(shape, 0) + int(count)
            seen.setdefault(shape, []).append(str(structure))
    if not votes:
        return None
    best = max(votes, key=lambda shape: votes[shape])
    return PlainShape(
        best.dialect, best.list_key, best.keys, best.has_tags, tuple(sorted(seen[best]))
    )


def _shape_of(structure: object) -> PlainShape | None:
    if not isinstance(structure, dict):
        return None
    listed = [key for key in _LIST_KEYS if key in structure]
    if len(listed) != 1:
        return None
    rest = sorted(set(structure) - {listed[0], "tags"})
    names = {key.lower() for key in (*rest, listed[0], "tags")}
    safe = all(_SAFE_KEY.fullmatch(key) and key.lower() not in _NOT_PLAIN for key in rest)
    if not safe or len(names) != len(rest) + 2:
        return None
    if "tags" in structure and structure["tags"] not in (["VARCHAR"], ["NULL"]):
        return None
    for dialect in (CHATML, SHAREGPT):
        if structure[listed[0]] == [
            {dialect.role_key: "VARCHAR", dialect.content_key: "VARCHAR"}
        ]:  # fmt: skip
            return PlainShape(dialect, listed[0], tuple(rest), "tags" in structure)
    return None
