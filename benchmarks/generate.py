"""Make the data set: ChatML conversations of about 2 KB each, the same at every run.

One statement makes them all: words from syllables, sentences from words with the
frequent ones frequent, conversations from sentences. Every choice is a hash of a number,
and the engine is pinned, so the bytes are the same everywhere.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb

from benchmarks.setting import Setting
from rolethread_store.engine import literal

__all__ = ["NEEDLE", "ensure_source", "main"]

NEEDLE = "«needle» 東京"
"""Stands in one conversation of a thousand."""

_WORDS, _SENTENCES, _WORDS_PER_SENTENCE = 6_000, 20_000, 20

_POOL = f"""
CREATE TABLE pool AS
WITH syllables AS (
    SELECT string_split('ka ri ten mo sha lu ver en da is ol um ny th ar ge pi zo ba ce', ' ') AS s
), words AS (
    SELECT i, array_to_string(list_transform(
        range(1 + (hash(i) % 4)::INT), lambda k: s[(hash(i * 7 + k) % 20)::INT + 1]), '') AS word
    FROM range({_WORDS}) AS t(i), syllables
), places AS (
    SELECT i, k, ({_WORDS} * pow((hash(i * 31 + k) % 1000000) / 1e6, 3))::INT % {_WORDS} AS place
    FROM range({_SENTENCES}) AS t(i), range({_WORDS_PER_SENTENCE}) AS r(k)
), sentences AS (
    SELECT places.i, string_agg(word, ' ' ORDER BY k) || '.' AS sentence
    FROM places JOIN words ON words.i = places.place GROUP BY places.i
)
SELECT list(sentence ORDER BY i) AS l FROM sentences
"""


def _pick(place: str) -> str:
    return f"l[(hash({place}) % {_SENTENCES})::INT + 1]"


def _conversations(entries: int) -> str:
    words = f"{_pick('i * 100 + k')} || ' ' || {_pick('i * 100 + k + 50')}"
    return f"""
SELECT
    list_transform(range(3 + (hash(i) % 6)::INT * 2), lambda k: {{
        'role': CASE WHEN k = 0 THEN 'system' WHEN k % 2 = 1 THEN 'user' ELSE 'assistant' END,
        'content': CASE WHEN k = 0 THEN 'You are storyteller number ' || (i % 60)
            ELSE {words} || CASE WHEN k = 2 AND i % 1000 = 7 THEN ' {NEEDLE}' ELSE '' END END
    }}) AS messages,
    list_transform(
        range((hash(i + 7) % 4)::INT), lambda k: 'tag' || (hash(i * 3 + k) % 31)) AS tags,
    'src-' || i AS id
FROM range({entries}) AS t(i), pool
"""


def ensure_source(setting: Setting) -> Path:
    """Return the data set, made now if it is not there."""
    if setting.source.exists():
        return setting.source
    started = time.perf_counter()
    staged = setting.source.with_suffix(".part")
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET enable_progress_bar = false")
    connection.execute(_POOL)
    connection.execute(
        f"COPY ({_conversations(setting.entries)}) TO {literal(str(staged))} (FORMAT json)"
    )
    connection.close()
    staged.rename(setting.source)
    size = setting.source.stat().st_size
    print(
        f"made {setting.entries:,} conversations, {size / 1e9:.2f} GB, "
        f"in {time.perf_counter() - started:.1f} s"
    )
    return setting.source


def main() -> int:
    """Make the data set."""
    ensure_source(Setting.from_command_line(__doc__))
    return 0


if __name__ == "__main__":
    sys.exit(main())
