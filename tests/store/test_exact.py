"""Exact export: a file comes out as it went in, whatever was done to other records."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rolethread_store
from rolethread_store.errors import Conflict
from rolethread_store.formats import TARGET_NAMES, NotKept
from rolethread_store.segments import SegmentDamaged, scan
from rolethread_store.store import Dataset, Store
from tests.formats.test_round_trip import records
from tests.scenes import PASSPHRASE


def spoken(name: str, *turns: tuple[str, str]) -> dict[str, Any]:
    return {"id": name, "conversations": [{"from": who, "value": what} for who, what in turns]}


SHAREGPT = [
    spoken("a_0", ("human", "hi “you”"), ("gpt", "yo/")),
    spoken("b_0", ("human", "é\u2028"), ("gpt", "")),
    spoken("c_0", ("gpt", '\u0001 \\ " \U0001f600')),
]
CARDS = Path(__file__).parents[1] / "formats/samples/character-card"
CARDLESS = {"prompt": "q", "chosen": "a", "rejected": "b", "n": 1.50}


def written_back(dataset: Dataset, where: str | None = None) -> bytes:
    out = io.BytesIO()
    dataset.export_exact(out, where=where)
    return out.getvalue()


def brought(store: Store, folder: Path, content: bytes) -> Dataset:
    path = folder / "in.json"
    path.write_bytes(content)
    dataset = store.dataset("d")
    dataset.import_file(path)
    return dataset


def styles(records: list[Any]) -> dict[str, bytes]:
    compact = [json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in records]
    spaced = [json.dumps(one) for one in records]
    return {
        "compact lines": "".join(line + "\n" for line in compact).encode(),
        "no last feed": "\n".join(compact).encode(),
        "python's own": "".join(line + "\n" for line in spaced).encode(),
        "mixed": f"{compact[0]}\n \n{spaced[1]}\r\n{compact[2]}\n\n".encode(),
        "with a mark": b"\xef\xbb\xbf" + "\r\n".join(spaced).encode(),
        "pretty array": json.dumps(records, indent=2, ensure_ascii=False).encode(),
        "narrow array": json.dumps(records, separators=(",", ":")).encode() + b"\n",
        "pretty objects": "\n".join(json.dumps(one, indent=1) for one in records).encode(),
        "other order": "".join(
            json.dumps(dict(reversed(one.items()))) + "\n" for one in records
        ).encode(),
        "slashes": "".join(line.replace("/", "\\/") + "\n" for line in spaced).encode(),
    }


STYLES = styles(SHAREGPT)


@pytest.mark.parametrize("style", STYLES)
def test_the_same_bytes_come_back(fresh_store: Store, tmp_path: Path, style: str) -> None:
    dataset = brought(fresh_store, tmp_path, STYLES[style])
    assert written_back(dataset) == STYLES[style]
    report = dataset.export_exact(tmp_path / "out.json")
    assert (tmp_path / "out.json").read_bytes() == STYLES[style]
    assert (report.entries, report.records, report.bytes) == (3, 3, len(STYLES[style]))
    manifest = json.loads((tmp_path / "out.json.manifest.json").read_bytes())
    assert manifest["files"][0]["bytes"] == len(STYLES[style])


@pytest.mark.parametrize(
    "style",
    [
        pytest.param(style, marks=() if style in ("mixed", "pretty array") else pytest.mark.deep)
        for style in STYLES
    ],
)
def test_what_is_done_to_one_leaves_the_others_as_they_were(
    fresh_store: Store, open_again: Callable[[], Store], tmp_path: Path, style: str
) -> None:
    dataset = brought(fresh_store, tmp_path, STYLES[style])
    middle = dataset.page(1, offset=1)[0].entry_id

    fresh_store.edit(middle, message=0, content="other")
    edited = written_back(dataset)
    alone = written_back(dataset, where="messages[1].content = 'other'")
    given = json.loads(alone.strip(b"[]\r\n \xef\xbb\xbf"))
    assert given["conversations"][0]["value"] == "other"
    head = STYLES[style][: STYLES[style].index(b"gpt")]
    assert edited.startswith(head)
    assert b"other" in edited

    dataset.undo()
    fresh_store.delete([middle])
    fresh_store.checkpoint()
    without = written_back(dataset)
    assert without.startswith(head)
    assert b"b_0" not in without
    assert b"c_0" in without

    fresh_store.close()
    again = open_again()
    again.dataset("d").undo()
    again.checkpoint()
    assert written_back(again.dataset("d")) == STYLES[style]
    again.dataset("d").add_tags(["seen"])
    assert written_back(again.dataset("d")).count(b'"seen"') == 3


def test_an_edit_taken_back_by_hand_gives_the_old_bytes(fresh_store: Store, tmp_path: Path) -> None:
    dataset = brought(fresh_store, tmp_path, STYLES["python's own"])
    entry = dataset.page(1)[0]
    fresh_store.edit(entry.entry_id, message=0, content="x")
    assert written_back(dataset) != STYLES["python's own"]
    text = entry.messages[0].content
    assert text is not None
    fresh_store.edit(entry.entry_id, message=0, content=text)
    assert written_back(dataset) == STYLES["python's own"]


def test_foreign_records_and_those_of_several_entries(fresh_store: Store, tmp_path: Path) -> None:
    many = {"data": [{"action": "a", "response": "b"}], "name": "n"}
    text = f"{json.dumps(CARDLESS)}\n{json.dumps(many)}\n{json.dumps(CARDLESS, indent=None)}\n"
    path = tmp_path / "in.jsonl"
    path.write_text(text)
    dataset = fresh_store.dataset("d")
    assert dataset.import_file(path).quarantined == 0
    assert written_back(dataset).decode() == text
    first = dataset.page(1)[0].entry_id
    fresh_store.edit(first, message=0, content="changed")
    lines = written_back(dataset).decode().split("\n")[:-1]
    assert lines[1:] == text.splitlines()[1:]
    assert json.loads(lines[0])["messages"][0]["content"] == "changed"


def chats(*texts: str) -> str:
    """Return one record of which each text becomes an entry."""
    pages = [
        {"id": "c", "title": "T", "mapping": {
            "r": {"id": "r", "parent": None, "children": ["u"], "message": None},
            "u": {"id": "u", "parent": "r", "children": [], "message": {
                "id": "u", "author": {"role": "user"}, "create_time": 1.0,
                "content": {"content_type": "text", "parts": [text]}}}},
         "current_node": "u", "conversation_id": "c"}
        for text in texts
    ]  # fmt: skip
    return json.dumps({"conversations": pages})


def test_a_record_of_which_an_entry_is_gone_is_no_longer_written_whole(
    fresh_store: Store, tmp_path: Path
) -> None:
    text = chats("one", "two")
    path = tmp_path / "conversations.json"
    path.write_text(text)
    dataset = fresh_store.dataset("d")
    report = dataset.import_file(path)
    assert report.entries > report.kept == 1
    assert written_back(dataset).decode() == text
    fresh_store.delete([dataset.page(1)[0].entry_id])
    left = written_back(dataset)
    assert json.loads(left)["messages"][0]["content"] == "two"


def test_several_files_follow_each_other(fresh_store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(STYLES["python's own"])
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(STYLES["compact lines"]))
    (tmp_path / "c.json").write_bytes(STYLES["pretty array"])
    dataset = fresh_store.dataset("d")
    dataset.import_files([tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"], again=True)
    assert written_back(dataset) == STYLES["python's own"] + STYLES["compact lines"]
    dataset.import_file(tmp_path / "c.json")
    with pytest.raises(NotKept, match="one JSON array"):
        written_back(dataset)
    assert written_back(dataset, where="origin.source = 'c.json'") == STYLES["pretty array"]


def test_what_no_import_has_kept_is_told_before_anything_is_written(
    fresh_store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(STYLES["python's own"])
    dataset = fresh_store.dataset("d")
    dataset.import_files([path], exact=False)
    with pytest.raises(Conflict, match=r"in\.jsonl \(3 entries\)") as refused:
        dataset.export_exact(tmp_path / "out.jsonl")
    assert "--exact" in str(refused.value.hint)
    assert not (tmp_path / "out.jsonl").exists()
    dataset.export_exact(tmp_path / "out.jsonl", allow=True)
    lines = (tmp_path / "out.jsonl").read_text().split("\n")[:-1]
    assert [json.loads(line) for line in lines] == SHAREGPT


@pytest.mark.parametrize("name", ["card.png", "card.charx"])
def test_a_picture_or_an_archive_is_not_said_to_come_back(fresh_store: Store, name: str) -> None:
    dataset = fresh_store.dataset("d")
    dataset.import_files([CARDS / name], exact=True)
    with pytest.raises(NotKept, match=name):
        written_back(dataset)
    out = io.BytesIO()
    dataset.export_exact(out, allow=True)
    assert json.loads(out.getvalue())["messages"][0]["content"] == "Hey."


def test_a_compressed_file_that_turns_out_large_is_not_kept(
    fresh_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rolethread_store.formats.importing.EXACT_BYTES", 1_000)
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress(STYLES["python's own"] * 50))
    dataset = fresh_store.dataset("d")
    dataset.import_file(path)
    with pytest.raises(NotKept):
        written_back(dataset)
    dataset.undo()
    dataset.import_files([path], exact=True)
    assert written_back(dataset) == STYLES["python's own"] * 50


def test_originals_go_to_backups_and_their_damage_is_named(
    fresh_store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(STYLES["python's own"])
    fresh_store.dataset("d").import_file(path)
    fresh_store.add_remote("usb", (tmp_path / "usb").as_uri())
    fresh_store.push("usb")
    restored = tmp_path / "restored"
    rolethread_store.restore((tmp_path / "usb").as_uri(), restored, passphrase=PASSPHRASE)
    with rolethread_store.open(restored, PASSPHRASE) as again:
        assert written_back(again.dataset("d")) == STYLES["python's own"]
        (batch,) = [one for one in again._parts.journal.manifest.batches if one.kind == "originals"]
    segment = restored / "segments" / f"{batch.batch_id.hex}-0000.parquet"
    content = bytearray(segment.read_bytes())
    content[len(content) // 3] ^= 1
    segment.write_bytes(content)
    with rolethread_store.open(restored, PASSPHRASE) as again:
        assert again.dataset("d").count() == 3
        with pytest.raises(SegmentDamaged, match=segment.name):
            written_back(again.dataset("d"))
    (damage,) = rolethread_store.check_local(restored, passphrase=PASSPHRASE).damages
    assert damage.path == segment


def kept_originals(store: Store) -> list[str]:
    """Return the texts of records that the store keeps as they were in their files."""
    manifest = store._parts.journal.manifest
    reader = store._parts.reader
    batches = [batch for batch in manifest.batches if batch.kind == "originals"]
    reader.admit(batches)
    rows = scan(batches, store._parts.journal.layout, "originals")
    return [text for (text,) in reader.rows(f"SELECT decode(raw) FROM ({rows}) WHERE raw NOT NULL")]


@pytest.mark.parametrize("style", STYLES)
def test_an_exact_export_says_the_same_after_history_expired(
    fresh_store: Store, open_again: Callable[[], Store], tmp_path: Path, style: str
) -> None:
    dataset = brought(fresh_store, tmp_path, STYLES[style])
    first, second, _ = [entry.entry_id for entry in dataset.page()]
    fresh_store.keep_history("0kB")
    assert written_back(dataset) == STYLES[style]
    fresh_store.edit(second, message=0, content="other")
    edited = written_back(dataset)
    fresh_store.keep_history("0kB")
    assert written_back(dataset) == edited
    fresh_store.delete([first])
    rest = written_back(dataset)
    fresh_store.keep_history("0kB")
    assert written_back(dataset) == rest
    fresh_store.close()
    again = open_again()
    assert written_back(again.dataset("d")) == rest
    assert rolethread_store.check_local(again.path, passphrase=PASSPHRASE).damages == ()


def test_texts_that_are_gone_do_not_outlive_their_history(
    fresh_store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    texts = ["it was deleted", "it was edited", "it is as it was", "it is in a version"]
    said = [spoken(str(n), ("human", text), ("gpt", "yo")) for n, text in enumerate(texts)]
    path.write_text("".join(json.dumps(one) + "\n" for one in said))
    dataset = fresh_store.dataset("d")
    dataset.import_file(path)
    deleted, edited, _, published = [entry.entry_id for entry in dataset.page()]
    fresh_store.delete([deleted])
    fresh_store.edit(edited, message=0, content="other")
    dataset.publish()
    fresh_store.delete([published])
    dry = fresh_store.keep_history("0kB", dry_run=True)
    assert len(kept_originals(fresh_store)) == len(texts)
    done = fresh_store.keep_history("0kB")
    assert (dry.freed, dry.expired) == (done.freed, done.expired)
    assert [text for text in texts if any(text in one for one in kept_originals(fresh_store))] == (
        texts[2:]
    )
    # An edit that was undone before its history went, and one that can still be undone.
    dataset.checkout(1)
    before = written_back(dataset)
    fresh_store.keep_history("0kB")
    fresh_store.delete([published])
    fresh_store.undo()
    assert written_back(dataset) == before
    assert json.loads(before.splitlines()[-1])["conversations"][0]["value"] == texts[3]


SAVED = [
    {"user_name": "You", "character_name": "Mo", "create_date": "2024"},
    {"name": "You", "is_user": True, "mes": "My name is Hortense.", "send_date": "x"},
    {"name": "Mo", "is_user": False, "mes": "Hello Hortense!", "send_date": "y"},
]


def test_what_was_edited_out_of_a_saved_chat_is_in_no_export_and_goes_with_history(
    fresh_store: Store, tmp_path: Path
) -> None:
    content = "\n".join(map(json.dumps, SAVED)).encode()
    dataset = brought(fresh_store, tmp_path, content)
    assert written_back(dataset) == content
    (entry,) = dataset.page()
    fresh_store.edit(entry.entry_id, message=0, content="Call me nobody.")
    fresh_store.edit(entry.entry_id, message=1, content="Hello nobody!")
    for number, name in enumerate(set(TARGET_NAMES) - {"kto", "openai-preference"}):
        folder = tmp_path / f"out{number}"
        folder.mkdir()
        dataset.export(folder / "out", format=name, allow=True)
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files
        assert not [path for path in files if b"Hortense" in path.read_bytes()]
        assert [path for path in files if b"nobody" in uncompressed(path)]
    assert b"Hortense" not in written_back(dataset)
    assert any("Hortense" in text for text in kept_originals(fresh_store))
    fresh_store.keep_history("0kB")
    assert kept_originals(fresh_store) == []
    assert "Hortense" not in str(fresh_store.sql("SELECT * FROM entries").fetchall())


def uncompressed(path: Path) -> bytes:
    """Return what can be read of a file; cells of a Parquet file as text."""
    if path.suffix == ".parquet" or path.read_bytes()[:4] == b"PAR1":
        return str(parquet.read_table(path).to_pylist()).encode()
    return path.read_bytes()


@pytest.mark.parametrize("gone", [0, 1])
def test_a_deleted_chat_of_a_whole_export_goes_with_history(
    fresh_store: Store, tmp_path: Path, gone: int
) -> None:
    dataset = brought(fresh_store, tmp_path, chats("it is I", "it is Hortense").encode())
    entries = dataset.page()
    fresh_store.delete([entries[gone].entry_id])
    fresh_store.keep_history("0kB")
    assert kept_originals(fresh_store) == []
    left = str(fresh_store.sql("SELECT * FROM entries").fetchall())
    assert ("Hortense" in left) == (gone == 0)


def test_nothing_is_kept_of_a_file_of_which_nothing_is_left(
    fresh_store: Store, tmp_path: Path
) -> None:
    dataset = brought(fresh_store, tmp_path, STYLES["with a mark"])
    fresh_store.delete([entry.entry_id for entry in dataset.page()])
    fresh_store.keep_history("0kB")
    kinds = {batch.kind for batch in fresh_store._parts.journal.manifest.batches}
    assert "originals" not in kinds
    (record,) = [one for one in fresh_store._parts.journal.history.records() if one.seq == 1]
    assert "framing" not in record.model_dump_json(exclude_none=True)


@pytest.mark.parametrize("gone", [(0,), (1,), (1, 4), (3, 4)])
def test_a_record_of_several_entries_stays_or_goes_as_a_whole(
    fresh_store: Store, tmp_path: Path, gone: tuple[int, ...]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(f"{chats('one', 'two', 'three')}\n \n{chats('four', 'five')}\n")
    dataset = fresh_store.dataset("d")
    assert dataset.import_file(path).entries == 5
    ids = [entry.entry_id for entry in dataset.page()]
    for place in gone:
        fresh_store.delete([ids[place]])
        before = written_back(dataset)
        fresh_store.keep_history("0kB")
        assert written_back(dataset) == before


@settings(
    max_examples=60 if settings().max_examples > 100 else 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(records(), min_size=3, max_size=6),
    st.sampled_from(sorted(STYLES)),
)
def test_any_file_comes_back(
    tmp_path: Path, given_records: list[dict[str, Any]], style: str
) -> None:
    path = tmp_path / "in.json"
    path.write_bytes(styles(given_records)[style])
    (found,) = rolethread_store.verify_roundtrip(path)
    assert found.exact, found
