"""What holds for every kind of document, on samples, on cut and on damaged bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolethread_store.formats.documents import KINDS
from tests.formats.sampling import SAMPLES, kind_of

# Which samples are documents, and of which kind; all others are rows of JSON.
DOCUMENTS = {
    "character-card/card.png": "png-card",
    "character-card/card.charx": "charx",
    "sillytavern/tavern.jsonl": "sillytavern",
    "sillytavern/group.jsonl": "sillytavern",
    "sillytavern/chub.jsonl": "sillytavern",
    "whatsapp/android.txt": "whatsapp",
    "whatsapp/iphone.txt": "whatsapp",
    "limarp/scene.yml": "limarp",
    "ai-dungeon/cave.txt": "ai-dungeon",
    "transcript/inn.md": "transcript",
    "transcript/evening.txt": "transcript",
    "transcript/headings.md": "transcript",
    "transcript/template.txt": "transcript",
    "transcript/brackets.txt": "transcript",
    "transcript/quoted.md": "transcript",
}
FILES = sorted(path for path in SAMPLES.glob("*/*") if path.is_file())
HARD = settings(
    max_examples=max(200, settings().max_examples),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
BYTES = [(SAMPLES / name).read_bytes() for name in DOCUMENTS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_samples_are_of_their_own_kind_and_json_of_none(path: Path) -> None:
    data = path.read_bytes()
    name = f"{path.parent.name}/{path.name}"
    knowing = [kind.name for kind in KINDS if kind.recognise(data[: 1 << 16], path.name)]
    assert knowing[:1] == ([DOCUMENTS[name]] if name in DOCUMENTS else [])
    kind = kind_of(data, path.name)
    if kind is not None:
        for document in kind.read(data):
            assert document.fault is None
            assert data[document.offset :].startswith(document.raw)


@HARD
@given(
    data=st.sampled_from(BYTES) | st.binary(max_size=200),
    cut=st.integers(0, 4000),
    patches=st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=4)), max_size=4),
)
def test_any_bytes_are_read_or_told_of(
    data: bytes, cut: int, patches: list[tuple[int, bytes]]
) -> None:
    for place, patch in patches:
        data = data[:place] + patch + data[place + len(patch) :]
    data = data[: len(data) - cut] if cut < len(data) else data
    for kind in KINDS:
        kind.recognise(data[: 1 << 16], "name.txt")
        for document in kind.read(data):
            assert (document.record is None) == (document.fault is not None)
            if document.fault is not None:
                assert document.fault
                assert document.raw or not data
