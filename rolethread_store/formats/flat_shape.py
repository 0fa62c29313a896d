"""The fast lane of instructions and answers, as ``plain`` is that of lists of messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rolethread_store.engine import identifier, literal
from rolethread_store.formats.flat import BLANK_LINE, FlatDialect, marked_input, message_of
from rolethread_store.formats.parts import record_struct
from rolethread_store.formats.plain import tags_match_sql
from rolethread_store.formats.proof import like_json, tags_proof

__all__ = ["FlatShape"]


@dataclass(frozen=True, slots=True)
class FlatShape:
    """One exact shape of flat record.

    Attributes:
        dialect: What its fields are called.
        texts: Keys of the fields that are texts: the instruction, the answer, and the
            input and the system prompt where they are.
        keys: The other top-level keys but ``tags``, sorted.
        has_tags: Whether it has ``tags``, a list of strings.
        seen: Structures of this shape met in the sample, as the engine words them.
    """

    dialect: FlatDialect
    texts: tuple[str, ...]
    keys: tuple[str, ...]
    has_tags: bool
    seen: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of its records."""
        return self.dialect.kind

    @property
    def struct_type(self) -> str:
        """The struct a record is cast to."""
        fields = [f"{identifier(key)} VARCHAR" for key in self.texts]
        if self.has_tags:
            fields.append("tags VARCHAR[]")
        fields += [f"{identifier(key)} JSON" for key in self.keys]
        return f"STRUCT({', '.join(fields)})"

    def matches_sql(self, structure: str) -> str:
        """Return SQL that tells whether a structure is this shape's; ``NULL`` is false."""
        every = sorted((*self.texts, *self.keys, *(("tags",) if self.has_tags else ())))
        names = ", ".join(literal(key) for key in every)
        tests = [f"list_sort(json_keys({structure})) = list_sort([{names}])"]
        tests += [f"json_extract_string({structure}, '$.{key}') = 'VARCHAR'" for key in self.texts]
        if self.has_tags:
            tests.append(tags_match_sql(structure))
        seen = ", ".join(literal(one) for one in self.seen) or "''"
        return (
            f"CASE WHEN {structure} IS NULL THEN false "
            f"WHEN CAST({structure} AS VARCHAR) IN ({seen}) THEN true "
            f"ELSE coalesce({' AND '.join(tests)}, false) END"
        )

    def read_sql(self, line: str) -> str:
        """Return SQL reading a record into a struct, ``NULL`` when the reader refuses."""
        shape: dict[str, Any] = dict.fromkeys(self.texts, "VARCHAR")
        if self.has_tags:
            shape["tags"] = ["VARCHAR"]
        shape.update(dict.fromkeys(self.keys, "JSON"))
        return f"TRY(from_json_strict({line}, {literal(json.dumps(shape))}))"

    def accepts_sql(self, read: str) -> str:
        """Return SQL that tells whether what was read holds everything the record does."""
        tests = [f"{read} IS NOT NULL"]
        tests += [f"{read}.{identifier(key)} IS NOT NULL" for key in self.texts]
        if self.has_tags:
            tests.append(f"len(list_filter({read}.tags, lambda one: one IS NULL)) = 0")
        return " AND ".join(tests)

    def proof_sql(self, read: str) -> str:
        """Return SQL that is true when all that was read as text was text."""
        here = [f"{read}.{identifier(key)} IS NOT NULL" for key in self.texts]
        clear = [f"NOT ({like_json(f'{read}.{identifier(key)}')})" for key in self.texts]
        kinds = [f"json_type(line, '$.{key}') = 'VARCHAR'" for key in self.texts]
        if self.has_tags:
            proof = tags_proof(read)
            here.append(proof.here)
            clear.append(proof.clear)
            kinds.append(proof.kinds)
        return (
            f"{' AND '.join(here)} AND CASE WHEN {' AND '.join(clear)} THEN true "
            f"ELSE {' AND '.join(kinds)} END"
        )

    def record_sql(self, read: str) -> str:
        """Return SQL making the record struct (``parts.RECORD_TYPE``) of what was read."""
        return record_struct(self.fields_sql(read))

    def fields_sql(self, read: str) -> dict[str, str]:
        """Return SQL for ``messages``, ``tags`` and ``extra`` of what was read."""
        question = f"{read}.instruction"
        given = f"{read}.{identifier(self.dialect.input_key)}" if self._has_input else "NULL"
        kept = [marked_input(question, given)]
        if "system" in self.texts:
            kept.append(f"CASE WHEN {read}.system = '' THEN '\"system\":\"\"' END")
        kept += [
            f"{literal(json.dumps(key) + ':')} || "
            f"coalesce(CAST({read}.{identifier(key)} AS VARCHAR), 'null')"
            for key in self.keys
        ]
        return {
            "messages": self._messages_sql(read, message_of),
            "tags": f"{read}.tags" if self.has_tags else "CAST(NULL AS VARCHAR[])",
            "extra": f"nullif('{{' || concat_ws(',', {', '.join(kept)}) || '}}', '{{}}')",
        }

    def count_sql(self, read: str) -> str:
        """Return SQL for the number of messages."""
        if "system" in self.texts:
            return f"CASE WHEN {read}.system = '' THEN 2 ELSE 3 END"
        return "2"

    def usual_messages_sql(self, read: str) -> str:
        """Return SQL for role and content of messages that need no other field."""
        return self._messages_sql(
            read, lambda role, text: f"{{'role': {literal(role)}, 'content': {text}}}"
        )

    def usual_proof_sql(self, read: str) -> str:
        """Return SQL for the same: what is made of the fields has role and content alone."""
        return self.proof_sql(read)

    @property
    def _has_input(self) -> bool:
        return self.dialect.input_key in self.texts

    def _messages_sql(self, read: str, message: Callable[[str, str], str]) -> str:
        question = f"{read}.instruction"
        if self._has_input:
            given = f"{read}.{identifier(self.dialect.input_key)}"
            question = (
                f"CASE WHEN {given} = '' THEN {question} "
                f"ELSE {question} || {BLANK_LINE} || {given} END"
            )
        answer = f"{read}.{identifier(self.dialect.output_key)}"
        turns = f"{message('user', question)}, {message('assistant', answer)}"
        if "system" not in self.texts:
            return f"[{turns}]"
        opening = message("system", f"{read}.system")
        return f"CASE WHEN {read}.system = '' THEN [{turns}] ELSE [{opening}, {turns}] END"
