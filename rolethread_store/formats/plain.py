"""The fast lane: records that all look alike are read by one typed pass.

A file usually holds one shape: the same top-level keys, messages of nothing but role and
content. ``from_json_strict`` reads such a record three times faster than the JSON
functions do, but it does not notice unknown keys and takes numbers for text; the record's
``json_structure`` tells both, so only records whose structure is exactly the shape's are
read this way, and whatever the strict reader then refuses goes the general way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rolethread_store.engine import identifier, literal
from rolethread_store.formats.dialect import RESERVED_KEY, Dialect
from rolethread_store.formats.parts import MESSAGE_FIELDS, message_struct, record_struct
from rolethread_store.formats.proof import all_are, like_json, tags_proof

__all__ = ["PlainShape", "tags_match_sql"]

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
        tags = tags_match_sql(structure) if self.has_tags else "true"
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
        return record_struct(self.fields_sql(read))

    def count_sql(self, read: str) -> str:
        """Return SQL for the number of messages."""
        return f"len({read}.{identifier(self.list_key)})"

    @property
    def struct_type(self) -> str:
        """The struct a record is cast to."""
        dialect = self.dialect
        message = ", ".join(
            f"{identifier(key)} VARCHAR" for key in (dialect.role_key, dialect.content_key)
        )
        fields = [f"{identifier(self.list_key)} STRUCT({message})[]"]
        if self.has_tags:
            fields.append("tags VARCHAR[]")
        fields += [f"{identifier(key)} JSON" for key in self.keys]
        return f"STRUCT({', '.join(fields)})"

    def proof_sql(self, read: str) -> str:
        """Return SQL that is true when all that was read as text was text.

        The lists are there, and labels and tags are no ``null``; a record holding what
        could be other JSON is asked for the types, and only then.
        """
        label, text = self._label_and_text
        odd = (
            f"CASE WHEN {label} IN ({self.usual_sql}) THEN false "
            f"ELSE {label} IS NULL OR {like_json(label)} END OR {like_json(text)}"
        )
        return self._proof_sql(read, odd, "true")

    def usual_proof_sql(self, read: str) -> str:
        """Return SQL for the same, and that messages need nothing but role and content.

        In one pass over the messages: two took 3 % of an import's processor time.
        """
        label, text = self._label_and_text
        usual = f"({label} IN ({self.usual_sql}) AND {text} IS NOT NULL) IS NOT TRUE"
        listed = f"{read}.{identifier(self.list_key)}"
        all_usual = f"len(list_filter({listed}, lambda one: {usual})) = 0"
        return self._proof_sql(read, f"{usual} OR {like_json(text)}", all_usual)

    @property
    def _label_and_text(self) -> tuple[str, str]:
        dialect = self.dialect
        return f"one.{identifier(dialect.role_key)}", f"one.{identifier(dialect.content_key)}"

    def _proof_sql(self, read: str, odd: str, besides: str) -> str:
        """Return the proof by a test for messages that could be more than text.

        Args:
            read: What was read.
            odd: Tells it of the message ``one``; where there is none, that is the proof.
            besides: What must be so too where there is one.
        """
        dialect = self.dialect
        listed = f"{read}.{identifier(self.list_key)}"
        here = [f"len({listed}) > 0"]
        clear = [f"len(list_filter({listed}, lambda one: {odd})) = 0"]
        kinds = [
            all_are("'VARCHAR'", f"$.{self.list_key}[*].{dialect.role_key}", listed),
            all_are("'VARCHAR', 'NULL'", f"$.{self.list_key}[*].{dialect.content_key}", listed),
        ]
        if self.has_tags:
            proof = tags_proof(read)
            here.append(proof.here)
            clear.append(proof.clear)
            kinds.append(proof.kinds)
        return (
            f"{' AND '.join(here)} AND CASE WHEN {' AND '.join(clear)} THEN true "
            f"ELSE {' AND '.join([besides, *kinds])} END"
        )

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


def tags_match_sql(structure: str) -> str:
    """Return SQL that tells whether a structure's ``tags`` are a list of texts."""
    listed = ", ".join(literal(tag) for tag in _TAGS)
    return f"CAST(json_extract({structure}, '$.tags') AS VARCHAR) IN ({listed})"
