"""The independent decoder and the program give the same answers, from the same bytes."""

from __future__ import annotations

import ast
import hashlib
import itertools
import shutil
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest

import rolethread_store
from rolethread_store.store import Store
from rolethread_store.store.datasets import Dataset
from tests.golden import decoder
from tests.golden.decoder import REFUSALS, Reader, Row
from tests.golden.make_golden_store import FOLDER, PASSPHRASE, RECOVERY_CODE, build
from tests.scenes import chat, jsonl, quick_keys

COLUMNS = [
    "entry_id", "position", "messages", "tags", "origin", "created_at", "updated_at", "extra",
    "message_count",
]  # fmt: skip


class State(NamedTuple):
    """What a working copy or a version holds: entries and quarantine, both in order."""

    entries: list[Row]
    quarantine: list[Row]


class Contents(NamedTuple):
    """A store: per dataset the working copies by name and versions by number; the facts."""

    datasets: dict[str, dict[str | int, State]]
    facts: dict[tuple[str, str], Row]


def read_store(path: Path, kind: str, secret: str) -> Contents:
    """Return all that the decoder reads."""
    reader = Reader(path, kind, secret)
    found = {
        name: {key: State(*state) for key, state in states.items()}
        for name, states in reader.datasets().items()
    }
    return Contents(found, reader.facts())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the golden store holds, written by the present program."""
    path = tmp_path_factory.mktemp("made") / "store"
    with quick_keys():
        build(path, RECOVERY_CODE)
    return path


@pytest.fixture
def fresh(made: Path, tmp_path: Path) -> Path:
    return copy_of(made, tmp_path)


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    return copy_of(FOLDER, tmp_path)


def copy_of(path: Path, place: Path) -> Path:
    return Path(shutil.copytree(path, place / "store"))


def decoded(path: Path) -> Contents:
    # Argon2id would be most of what a test takes.
    return read_store(path, "recovery-code", RECOVERY_CODE)


def opened(path: Path) -> Store:
    return rolethread_store.open(path, recovery_code=RECOVERY_CODE)


def handles(store: Store) -> Iterator[tuple[str, str | int, Dataset, int | None]]:
    """Every state that the program knows: name, its key in the decoder's answer, how to ask."""
    for info in store.datasets():
        dataset = store.dataset(info.name)
        for copy in dataset.working_copies():
            yield info.name, copy.name, store.dataset(info.name, copy.name), None
        for version in dataset.versions():
            yield info.name, version.number, dataset, version.number


def entries(dataset: Dataset, at: int | None) -> list[Row]:
    rows = [lists(entry.model_dump()) for entry in dataset.page(1000, at=at)]
    counts = dict(dataset.sql("SELECT entry_id, message_count FROM entries", at=at).fetchall())
    return [row | {"message_count": counts[row["entry_id"]]} for row in rows]


def lists(value: Any) -> Any:  # noqa: ANN401 - any JSON-like value
    """Return a value with lists for tuples, which is what the decoder makes of them."""
    if isinstance(value, dict):
        return {key: lists(one) for key, one in value.items()}
    return [lists(one) for one in value] if isinstance(value, tuple) else value


def require_same(state: State, told: Sequence[Row], where: object) -> None:
    assert [row["entry_id"] for row in state.entries] == [row["entry_id"] for row in told], where
    for mine, theirs in zip(state.entries, told, strict=True):
        assert sorted(mine) == sorted(theirs) == sorted(COLUMNS)
        for column in COLUMNS:
            assert mine[column] == theirs[column], (where, theirs["entry_id"], column)


def require_agreement(path: Path) -> Contents:
    contents = decoded(path)
    with opened(path) as store:
        known: dict[str, list[str | int]] = {}
        for name, key, dataset, at in handles(store):
            known.setdefault(name, []).append(key)
            require_same(contents.datasets[name][key], entries(dataset, at), (name, key))
        assert {name: sorted(map(str, states)) for name, states in contents.datasets.items()} == {
            name: sorted(map(str, keys)) for name, keys in known.items()
        }
        aside = [
            (name, row["source"], row["record"], row["offset"], row["reason"], row["raw"])
            for name, states in contents.datasets.items()
            for row in states["main"].quarantine
        ]
        assert aside == [
            (one.dataset, one.source, one.record, one.offset, one.reason, one.raw)
            for one in store.quarantine()
        ]
        facts = store._parts.journal.facts.facts
        told = {key: fact.model_dump(mode="json", exclude_none=True) for key, fact in facts.items()}
        assert contents.facts == told
    return contents


def test_it_reads_the_golden_store_as_the_program_does(golden: Path) -> None:
    assert require_agreement(golden) == read_store(golden, "passphrase", PASSPHRASE)


def test_it_reads_what_the_present_program_writes(fresh: Path) -> None:
    contents = require_agreement(fresh)
    assert sum(len(states) for states in contents.datasets.values()) >= 6


def test_it_follows_what_comes_later(fresh: Path, tmp_path: Path) -> None:
    with opened(fresh) as store:
        store.dataset("keeper").rename("warden")
        draft = store.dataset("warden", "draft")
        draft.edit(draft.page(1)[0].entry_id, message=0, content="Edited — after the rename.")
        draft.import_file(jsonl(tmp_path / "more.jsonl", [chat("one more", tags=["x"])]))
    require_agreement(fresh)
    with opened(fresh) as store:
        store.checkpoint()
        store.dataset("warden", "draft").publish()
        store.dataset("warden").checkout(3)
        store.dataset("warden").add_tags(["on top"])
        store.undo()
        store.dataset("Harbour").drop()
    contents = require_agreement(fresh)
    assert list(contents.datasets) == ["warden"]
    assert 3 in contents.datasets["warden"]
    with opened(fresh) as store:
        store.undo()
        store.undo(dataset="warden")
    assert list(require_agreement(fresh).datasets) == ["warden", "Harbour"]


def test_it_reads_another_tree_where_history_has_expired(fresh: Path) -> None:
    before = decoded(fresh)
    with opened(fresh) as store:
        assert store.keep_history("0d").expired
    after = require_agreement(fresh)
    for name, states in before.datasets.items():
        for key, state in states.items():
            assert after.datasets[name][key].entries == state.entries, (name, key)


def test_it_goes_back_and_forth_with_the_program(fresh: Path) -> None:
    for steps, verb in ((6, Store.undo), (8, Store.undo), (16, Store.undo), (12, Store.redo)):
        with opened(fresh) as store:
            for _ in range(steps):
                verb(store)
        require_agreement(fresh)


def test_checkpoints_change_no_answer(fresh: Path) -> None:
    before = decoded(fresh)
    with opened(fresh) as store:
        assert store.checkpoint()
    assert decoded(fresh) == before


@pytest.mark.parametrize("code", [RECOVERY_CODE.lower(), RECOVERY_CODE.replace("-", " ")])
def test_a_recovery_code_may_be_typed_otherwise(golden: Path, code: str) -> None:
    assert read_store(golden, "recovery-code", code) == decoded(golden)


def test_a_wrong_secret_is_refused(golden: Path) -> None:
    code = RECOVERY_CODE[1:] + RECOVERY_CODE[0]
    for kind, secret in (("passphrase", PASSPHRASE + " "), ("recovery-code", code)):
        with pytest.raises(REFUSALS, match="no slot opens"):
            read_store(golden, kind, secret)


def flip(path: Path, place: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[place] ^= 0x40
    path.write_bytes(raw)


def files(path: Path, folder: str) -> list[Path]:
    """Return the files of a folder of the store's tree."""
    return sorted(path.glob(f"tree-*/{folder}/*"))


@pytest.mark.parametrize("folder", ["log", "manifests", "."])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_a_damaged_byte_is_refused(golden: Path, folder: str, share: float) -> None:
    for path in [golden / "STORE"] if folder == "." else files(golden, folder):
        whole = path.read_bytes()
        flip(path, int(len(whole) * share))
        with pytest.raises(REFUSALS):
            decoded(golden)
        path.write_bytes(whole)
    assert decoded(golden).datasets


def test_a_damaged_segment_is_refused_unless_nobody_needs_it(golden: Path) -> None:
    before, refused = decoded(golden), 0
    for path in files(golden, "segments"):
        whole = path.read_bytes()
        flip(path, len(whole) // 2)
        try:
            assert decoded(golden) == before
        except REFUSALS:
            refused += 1
        path.write_bytes(whole)
    assert refused >= 4


def test_a_damaged_slot_keeps_no_other_from_opening(golden: Path) -> None:
    before = decoded(golden)
    for path in files(golden, "keys"):
        whole = path.read_bytes()
        flip(path, len(whole) // 2)
        secret = ("passphrase", PASSPHRASE) if whole[5] == 1 else ("recovery-code", RECOVERY_CODE)
        with pytest.raises(REFUSALS, match="no slot opens"):
            read_store(golden, *secret)
        path.write_bytes(whole)
    files(golden, "keys")[0].unlink()
    assert decoded(golden) == before or read_store(golden, "passphrase", PASSPHRASE) == before


def test_a_missing_log_file_or_another_stores_is_refused(golden: Path, made: Path) -> None:
    *_, last = logs = files(golden, "log")
    for path in logs:
        raw = path.read_bytes()
        path.unlink()
        with pytest.raises(REFUSALS):
            decoded(golden)
        path.write_bytes(raw)
    foreign = files(made, "log")[-1]
    shutil.copy(foreign, last.parent / foreign.name)
    with pytest.raises(REFUSALS, match="another place"):
        decoded(golden)


def test_a_forged_header_is_refused(golden: Path) -> None:
    line = (golden / "STORE").read_bytes().partition(b"\n")[0].replace(b":", b": ") + b"\n"
    (golden / "STORE").write_bytes(line + hashlib.sha256(line).hexdigest().encode() + b"\n")
    with pytest.raises(REFUSALS, match="STORE: is not the one"):
        decoded(golden)


def test_files_in_each_others_places_are_refused(golden: Path) -> None:
    before, (older, newer) = decoded(golden), files(golden, "manifests")
    raw = older.read_bytes(), newer.read_bytes()
    newer.write_bytes(raw[0])
    with pytest.raises(REFUSALS, match="another key or place"):
        decoded(golden)
    newer.write_bytes(raw[1])
    older.write_bytes(raw[1])
    with pytest.raises(REFUSALS, match="another parent"):
        decoded(golden)
    older.unlink()
    assert decoded(golden) == before
    segments = files(golden, "segments")
    for one, other in itertools.pairwise(segments):
        shutil.copy(one, other)
    with pytest.raises(REFUSALS, match="is damaged"):
        decoded(golden)


def without_end(path: Path) -> bytes:
    """Return an ended log file as it was before its end frame."""
    raw, at, starts = path.read_bytes(), 104, list[int]()
    while at < len(raw):
        starts.append(at)
        at += 12 + int(struct.unpack_from("<I", raw, at)[0])
    return raw[: starts[-1]]


def test_room_taken_in_advance_is_no_part_of_the_log(golden: Path) -> None:
    before, newest = decoded(golden), files(golden, "log")[-1]
    cut, whole = without_end(newest), newest.read_bytes()
    for raw in (whole, cut, cut + whole[len(cut) : len(cut) + 20]):
        for room in (1, 4096):
            newest.write_bytes(raw + bytes(room))
            assert decoded(golden) == before
    newest.write_bytes(cut + bytes(64))
    with opened(golden) as store:
        store.dataset("Harbour").add_tags(["later"])
    require_agreement(golden)
    newest.write_bytes(whole + bytes(12) + b"\1")
    with pytest.raises(REFUSALS, match="goes on"):
        decoded(golden)


def test_zeros_never_begin_a_frame() -> None:
    assert zlib.crc32(bytes(8)) != 0
    assert decoder.log_frames(bytes(4096), bytes(32), bytes(16), UUID(int=1)) == []


@pytest.mark.parametrize(
    ("extra", "left"),
    [
        (None, None),
        ("{}", "{}"),
        ('{"content":null}', None),
        ('{"content": [{"content": 1}], "n": 1e400 }', '{"n": 1e400}'),
        ('{"a":{"content":1},"b":"}\\",{"}', '{"a":{"content":1},"b":"}\\",{"}'),
        ('{"c\\u006fntent":0, "k" : [1, {"x":2}] ,"z":"y"}', '{"k" : [1, {"x":2}],"z":"y"}'),
    ],
)
def test_a_new_text_replaces_structured_content(extra: str | None, left: str | None) -> None:
    assert decoder.without_content(extra) == left


def test_the_decoder_is_short_and_stands_alone() -> None:
    source = Path(str(decoder.__file__)).read_text(encoding="utf-8")
    assert len(source.splitlines()) < 320
    allowed = {*sys.stdlib_module_names, "cryptography", "duckdb"}
    for node in ast.walk(ast.parse(source)):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        assert all(name.split(".")[0] in allowed for name in names), names
    assert "import_module" not in source
