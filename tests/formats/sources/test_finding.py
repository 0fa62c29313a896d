from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from rolethread_store.errors import InvalidInput
from rolethread_store.formats.layout import detect_layout
from rolethread_store.formats.sources import (
    ArchiveRefused,
    SourceDriverMissing,
    SourceExpands,
    SourceMissing,
    SourceNotText,
    SourceOptions,
    SourceSpent,
    SourceUnavailable,
    SourceUnreadable,
    find_sources,
)
from tests.formats.sources.reading import records_of, rows_of

LINE = b'{"a":1}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jsonl", "a.jsonl", "deep/c.jsonl", "deep/er/d.jsonl", "deep/er/other.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LINE)
    return tmp_path


def names(*patterns: str | Path) -> list[str]:
    return [source.name for source in find_sources(patterns)]


def test_patterns_stand_for_files_in_order_of_their_names(folder: Path) -> None:
    assert names(f"{folder}/*.jsonl") == ["a.jsonl", "b.jsonl"]
    assert names(f"{folder}/**/*.jsonl") == ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"]
    assert names(folder / "deep/*", folder / "[b].jsonl") == ["c.jsonl", "b.jsonl"]


def test_a_path_that_exists_is_no_pattern(folder: Path) -> None:
    (folder / "[a].jsonl").write_bytes(LINE)
    assert names(folder / "[a].jsonl") == ["[a].jsonl"]


def test_what_is_not_there(folder: Path) -> None:
    with pytest.raises(SourceMissing, match=r"no file matches .*\*\.json"):
        find_sources([f"{folder}/*.json"])
    with pytest.raises(SourceMissing, match="there is no file"):
        find_sources([folder / "none.jsonl"])
    with pytest.raises(SourceNotText, match="is a folder"):
        find_sources([folder / "deep"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(folder: Path) -> None:
    (folder / "a.jsonl").chmod(0)
    with pytest.raises(SourceUnreadable):
        find_sources([folder / "a.jsonl"])


def test_standard_input_is_looked_at_and_then_read_once() -> None:
    options = SourceOptions(stdin=io.BytesIO(b'\n[{"a":1},{"b":2}]'))
    source = find_sources(["-"], options)[0]
    assert (source.name, source.size) == ("stdin", None)
    assert detect_layout(source) == detect_layout(source)
    assert [row["raw"] for row in rows_of(source)] == [b'{"a":1}', b'{"b":2}']
    with pytest.raises(SourceSpent):
        source.open()


def test_standard_input_that_is_not_there_or_named_twice() -> None:
    with pytest.raises(InvalidInput, match="no standard input"):
        find_sources(["-"])
    with pytest.raises(SourceSpent):
        find_sources(["-", "-"], SourceOptions(stdin=io.BytesIO(LINE)))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_read_as_it_is_written(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(LINE * 9,))
    writer.start()
    try:
        assert len(records_of(pipe)) == 9
    finally:
        writer.join()


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_every_file_in_an_archive_is_a_source(tmp_path: Path, method: int) -> None:
    path = archive(
        tmp_path / "chats.zip",
        {
            "x/a.jsonl": LINE * 3, "b.json": b"[1,2]", "empty.jsonl": b"", "folder/": b"",
            "__MACOSX/._a.jsonl": b"?", "x/.DS_Store": b"?", "..dots.jsonl": LINE,
            "wide.jsonl": LINE.decode().encode("utf-16"),
        },
        method,
    )  # fmt: skip
    before = path.read_bytes()
    found = find_sources([path])
    assert [(source.name, source.size, len(rows_of(source))) for source in found] == [
        ("chats.zip/x/a.jsonl", 24, 3), ("chats.zip/b.json", 5, 2),
        ("chats.zip/empty.jsonl", 0, 0), ("chats.zip/wide.jsonl", None, 1),
    ]  # fmt: skip
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["../out.jsonl", "a/../../out.jsonl", "/etc/out.jsonl", "C:\\out.jsonl", "..\\out"]
)
def test_an_archive_with_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "trap.zip", {"good.jsonl": LINE, name: LINE})
    with pytest.raises(ArchiveRefused, match="leads out of the archive"):
        find_sources([path])


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "locked.zip", {"a.jsonl": LINE})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ArchiveRefused, match=r"an encrypted file: 'a\.jsonl'"):
        find_sources([path])


def test_archives_that_are_something_else(tmp_path: Path) -> None:
    with pytest.raises(SourceNotText, match="office document"):
        find_sources([archive(tmp_path / "a.zip", {"[Content_Types].xml": b"", "b": b"x"})])
    inner = archive(tmp_path / "inner.zip", {"a.jsonl": LINE})
    with pytest.raises(SourceNotText, match="archive within an archive"):
        find_sources([archive(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()})])
    with pytest.raises(ArchiveRefused, match="no file to read"):
        find_sources([archive(tmp_path / "hidden.zip", {".a": LINE})])
    (tmp_path / "cut.zip").write_bytes(inner.read_bytes()[:-30])
    with pytest.raises(ArchiveRefused, match="damaged"):
        find_sources([tmp_path / "cut.zip"])


def test_a_character_card_in_an_archive_is_one_source_as_it_is(tmp_path: Path) -> None:
    card = archive(tmp_path / "rex.zip", {"card.json": b"{}", "assets/a.png": b"?"})
    named = archive(tmp_path / "rex.charx", {"a.json": b"{}"})
    for path in (card, named):
        source = find_sources([path])[0]
        assert (source.name, source.size) == (path.name, path.stat().st_size)
        with source.open() as stream:
            assert stream.read() == path.read_bytes()


def test_a_damaged_file_in_an_archive_is_told_after_its_records(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a.jsonl": LINE * 4, "b.jsonl": LINE}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(LINE) + 5] = ord("7")
    path.write_bytes(data)
    first, second = (rows_of(source) for source in find_sources([path]))
    assert [row["fault"] for row in first] == [
        *[None] * 4, "the archive is damaged: this file is not what was packed",
    ]  # fmt: skip
    assert [row["fault"] for row in second] == [None]


def test_an_archive_that_unpacks_to_too_much_is_refused_unread(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a.jsonl": LINE * 1000, "b.jsonl": LINE * 1000})
    with pytest.raises(SourceExpands):
        find_sources([path], SourceOptions(limit=12_000))
    assert len(records_of(path, SourceOptions(limit=16_000))) == 2000


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/drafts", recursive=True)


def test_sources_at_a_url(memory: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    memory.pipe_file("/drafts/b.jsonl", LINE * 2)
    memory.pipe_file("/drafts/a.jsonl", LINE)
    inner = archive(tmp_path / "z.zip", {"c.jsonl": LINE * 3})
    memory.pipe_file("/drafts/z.zip", inner.read_bytes())
    found = find_sources(["memory://drafts/*.jsonl", "memory://drafts/z.zip"])
    assert [(source.name, source.size, len(rows_of(source))) for source in found] == [
        ("a.jsonl", 8, 1), ("b.jsonl", 16, 2), ("z.zip/c.jsonl", 24, 3),
    ]  # fmt: skip
    assert names((tmp_path / "z.zip").as_uri()) == ["z.zip/c.jsonl"]


def test_a_url_where_nothing_is(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe_file("/drafts/a.jsonl", LINE)
    for url in ("memory://drafts/none.jsonl", "memory://drafts/*.csv"):
        with pytest.raises(SourceMissing):
            find_sources([url])
    with pytest.raises(SourceNotText, match="is a folder"):
        find_sources(["memory://drafts"])
    with pytest.raises(InvalidInput, match="not an address"):
        find_sources(["nonsense://place/a.jsonl"])


@pytest.mark.parametrize(
    ("protocol", "extra"),
    [("s3", "s3"), ("sftp", "sftp"), ("https", "http"), ("webdav", "webdav")],
)
def test_a_missing_extra_is_named(
    protocol: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object, **__: object) -> None:
        raise ImportError(f"Install something for {protocol}")

    monkeypatch.setattr("rolethread_store.formats.sources.addresses.url_to_fs", absent)
    with pytest.raises(SourceDriverMissing) as caught:
        find_sources([f"{protocol}://place/a.jsonl"])
    assert caught.value.hint == f"install it with: pip install 'rolethread-store[{extra}]'"


def test_passwords_and_signatures_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("rolethread_store.formats.sources.addresses.url_to_fs", refuse)
    with pytest.raises(SourceUnavailable) as caught:
        find_sources(["https://ann:secret@place/a.jsonl?sig=alsosecret"])
    assert "secret" not in str(caught.value)
    assert "https://place/a.jsonl" in str(caught.value)


def test_a_disk_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE)
    source = find_sources([path])[0]

    class Failing(io.RawIOBase):
        def readinto(self, room: object, /) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", lambda *_, **__: Failing())
    with pytest.raises(SourceUnavailable, match="Input/output error"):
        rows_of(source)
