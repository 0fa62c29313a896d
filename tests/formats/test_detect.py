"""What a file is, told without a store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rolethread_store
from rolethread_store.formats import Detection, Failure, Guess
from rolethread_store.formats.sources import SourceMissing
from tests.formats.crafted import use

HELLO = '{"messages":[{"role":"user","content":"hi"}]}'
PARLEY = '{"parley":[["Rex","Ho!"],["Ann","Hi."]]}'


@pytest.fixture(autouse=True)
def _crafted(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch)


def detected(folder: Path, text: str | bytes, name: str = "given.jsonl") -> Detection:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = rolethread_store.detect(path)
    assert list(folder.iterdir()) == [path]
    assert found.records == found.kept + found.quarantined
    return found


def contents(found: Detection) -> list[tuple[str, str]]:
    assert found.first is not None
    return [(one["role"], one["content"]) for one in found.first["messages"]]


def test_shapes_are_ranked_and_the_first_other_record_is_placed(tmp_path: Path) -> None:
    found = detected(tmp_path, f"{HELLO}\n\n{PARLEY}\n{HELLO}\nbad\n")
    assert found.guesses == (
        Guess("chatml", "ChatML", 2, "messages of role and content"),
        Guess("parley", "Parley", 1, "a parley"),
    )
    assert (found.records, found.kept, found.quarantined) == (4, 3, 1)
    assert contents(found) == [("user", "hi")]
    assert found.failure == Failure(3, len(HELLO) + 2, "is of another shape: parley")


def test_the_first_entry_is_the_first_of_the_file(tmp_path: Path) -> None:
    found = detected(tmp_path, "\n".join([PARLEY, *[HELLO] * 300]))
    assert contents(found) == [("user", "Ho!"), ("user", "Hi.")]
    assert found.first is not None
    assert found.first["extra"] is None
    assert found.failure == Failure(1, 0, "is of another shape: parley")


def test_a_bad_record_is_the_first_failure(tmp_path: Path) -> None:
    found = detected(tmp_path, f'{HELLO}\n{{"messages":[3]}}\n{PARLEY}')
    assert found.failure == Failure(2, len(HELLO) + 1, "message 0 is not an object")


def test_a_file_of_one_shape_has_no_failure(tmp_path: Path) -> None:
    found = detected(tmp_path, '[{"conversations":[{"from":"human","value":"yo"}]}]', "x.json")
    assert [guess.name for guess in found.guesses] == ["sharegpt"]
    assert (found.failure, found.keys) == (None, ())


def test_an_unknown_shape_shows_its_keys(tmp_path: Path) -> None:
    found = detected(tmp_path, '{"ship":1,"harbour":{}}')
    assert (found.guesses, found.first, found.keys) == ((), None, ("ship", "harbour"))
    assert found.failure is not None
    assert detected(tmp_path, "").keys == ()
    assert detected(tmp_path, "[5]").keys == ()


def test_a_document(tmp_path: Path) -> None:
    found = detected(tmp_path, b"TAPE\nAnn: hi\n%\xff\n", "night.bin")
    assert found.guesses == (
        Guess("parley", "Parley", 1, "a parley"), Guess("tape", "Tape", 0, "TAPE"),
    )  # fmt: skip
    assert found.failure == Failure(2, 13, "noise on the tape")


def test_definitions_are_counted_and_speakers_heard(tmp_path: Path) -> None:
    record: dict[str, Any] = {"parley": [["Rex", "Ho!"]], "cast": {"rex": "Rex"}}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(record))
    found = rolethread_store.detect(path, assistants=["rex"])
    assert found.definitions == 1
    assert contents(found) == [("assistant", "Ho!")]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing):
        rolethread_store.detect(tmp_path / "none")
