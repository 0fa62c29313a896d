"""LimaRP's YAML files: persona, names, scenario and a conversation.

Every scalar stays the text it is: a name ``No`` is no truth value and a message ``12`` no
number. Anchors are refused, since a few lines of them stand for more text than there is memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from rolethread_store.formats.adapters import Json
from rolethread_store.formats.documents.document import Document, DocumentKind
from rolethread_store.formats.documents.strict import TextOdd, beginning, whole_text

__all__ = ["KIND"]

_KEYS = ("persona", "names", "scenario", "conversation")
_LARGEST = 16 << 20
_DEEPEST = 32


def _recognise(head: bytes, name: str) -> str | None:
    text = beginning(head)
    if text is None:
        return None
    found = [key for key in _KEYS if re.search(rf"^{key}:", text, re.MULTILINE)]
    # The conversation may begin behind a long persona.
    if {"persona", "names"} <= set(found) and len(found) >= 3:
        return "YAML with " + ", ".join(found)
    return None


def _read(data: bytes) -> Iterator[Document]:
    try:
        value = _loaded(data)
    except TextOdd as odd:
        yield Document(0, data, None, str(odd))
    else:
        yield Document(0, data, value)


def _loaded(data: bytes) -> Json:
    if len(data) > _LARGEST:
        raise TextOdd(f"a YAML file of {len(data):,} bytes is too large")
    try:
        yaml = import_module("yaml")
    except ImportError:
        raise TextOdd("YAML needs another package: pip install 'rolethread-store[yaml]'") from None
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    text = whole_text(data)
    try:
        _require_plain(yaml, text, loader)
        value = yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f" in line {mark.line + 1}"
        raise TextOdd(f"not YAML{place}: {getattr(error, 'problem', None) or error}") from None
    except (RecursionError, TypeError, ValueError) as error:
        if isinstance(error, TextOdd):
            raise
        raise TextOdd(f"not YAML: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("conversation"), list):
        raise TextOdd("the YAML holds no conversation")
    return value


def _require_plain(yaml: ModuleType, text: str, loader: type) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            raise TextOdd("YAML with anchors is not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise TextOdd("nested too deeply")


KIND = DocumentKind(
    name="limarp",
    title="LimaRP (YAML)",
    recognise=_recognise,
    read=_read,
)
