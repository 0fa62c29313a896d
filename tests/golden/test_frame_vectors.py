"""The committed vectors of the change log hold, for the program and for the decoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest

from rolethread_store.changelog import LogCipher, LogPosition, LogReader
from rolethread_store.changelog.frame import FrameKind
from rolethread_store.changelog.scan import LogState, scan
from rolethread_store.crypto import Keyring, Secret
from rolethread_store.errors import StoreError
from rolethread_store.storage import Disk, Layout, LogName
from tests.golden.decoder import REFUSALS, change_sets, log_frames
from tests.golden.make_frame_vectors import TARGET, Vector, build
from tests.golden.vector_rules import require_balance

VECTORS: list[Vector] = json.loads(TARGET.read_text(encoding="ascii"))
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


def cipher_of(vector: Vector) -> LogCipher:
    store = UUID(vector["store_id"])
    return LogCipher(Keyring(Secret(bytes.fromhex(vector["root"])), store).log_key, store)


def read_file(vector: Vector, _place: Path) -> object:
    name = LogName(1, UUID(vector["log_id"]))
    file = scan(cipher_of(vector), name, bytes.fromhex(vector["raw"]))
    link = file.link
    return {
        "frames": file.frames,
        "closed": file.state is LogState.CLEAN,
        "previous": link and {"log_id": link.log_id.hex, "frames": link.frames, "tag": link.tag},
        "records": [record.body.decode() for record in file.records],
    }


def read_history(vector: Vector, place: Path) -> object:
    layout = Layout(place)
    layout.logs.mkdir()
    for file in vector["files"]:
        path = layout.log(file["number"], UUID(file["log_id"]))
        path.write_bytes(bytes.fromhex(file["raw"]))
    mark = vector["mark"]
    marks = [LogPosition(**{**mark, "log_id": UUID(mark["log_id"])})] if mark else []
    history = LogReader(layout, Disk(layout.staging), cipher_of(vector)).read_all(marks=marks)
    return [record.body.decode() for record in history.records()]


def write_file(vector: Vector, _place: Path) -> object:
    with patch("os.urandom", lambda _length: bytes.fromhex(vector["salt"])):
        codec = cipher_of(vector).fresh(UUID(vector["log_id"]))
    frames = vector.get("frames") or [[FrameKind.RECORD, "\0" * vector["zeros"]]]
    sealed = [
        codec.seal(number, FrameKind(kind), body.encode())
        for number, (kind, body) in enumerate(frames)
    ]
    return (codec.header + b"".join(sealed)).hex()


def decode_file(vector: Vector) -> object:
    root, store = bytes.fromhex(vector["root"]), bytes.fromhex(vector["store_id"])
    frames = log_frames(bytes.fromhex(vector["raw"]), root, store, UUID(vector["log_id"]))
    return {
        "frames": len(frames),
        "closed": bool(frames) and frames[-1][1] == FrameKind.END,
        "previous": json.loads(frames[0][2])["previous"] if frames else None,
        "records": [body.decode() for _, kind, body in frames if kind == FrameKind.RECORD],
    }


def decode_history(vector: Vector) -> object:
    root, store = bytes.fromhex(vector["root"]), bytes.fromhex(vector["store_id"])
    logs = []
    for file in vector["files"]:
        raw, log_id = bytes.fromhex(file["raw"]), UUID(file["log_id"])
        logs.append(log_frames(raw, root, store, log_id))
    return change_sets(logs, vector["mark"])


PROGRAM: dict[str, Callable[[Vector, Path], object]] = {
    "file": read_file,
    "history": read_history,
    "write": write_file,
}


@each_vector
def test_the_program_gives_its_result_or_its_error(vector: Vector, tmp_path: Path) -> None:
    operation = PROGRAM[vector["op"]]
    if "result" in vector:
        assert operation(vector, tmp_path) == vector["result"]
        return
    with pytest.raises(StoreError) as caught:
        operation(vector, tmp_path)
    assert caught.value.code == vector["error"]


@each_vector
def test_the_decoder_agrees(vector: Vector) -> None:
    if vector["op"] == "write":
        if "result" in vector:  # What was written is read as what was given.
            told = decode_file({**vector, "raw": vector["result"]})
            bodies = [body for kind, body in vector["frames"] if kind == FrameKind.RECORD]
            assert told == {"frames": 4, "closed": True, "previous": None, "records": bodies}
        return
    operation = decode_file if vector["op"] == "file" else decode_history
    if "result" not in vector:
        with pytest.raises(REFUSALS) as caught:
            operation(vector)
        assert ("too new" in str(caught.value)) == (vector["error"] == "changelog.too-new")
    elif vector["op"] == "file":
        assert operation(vector) == vector["result"]
    else:
        assert operation(vector) == [json.loads(body) for body in vector["result"]]


def test_there_are_enough_and_half_of_them_must_fail() -> None:
    require_balance(VECTORS)


def test_the_maker_makes_the_committed_vectors() -> None:
    assert build() == VECTORS
