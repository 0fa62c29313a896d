"""Sources at a URL, from real servers that the tests start: HTTP, and S3 where moto is there."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.errors import StoreError
from rolethread_store.formats import lines
from rolethread_store.formats.records import open_records
from rolethread_store.formats.sources import SourceMissing, SourceUnavailable, find_sources
from rolethread_store.store import Store
from tests.formats.sources.reading import records_of
from tests.scenes import chat, jsonl

LINES = b'{"a":1}\n{"a":"two"}\n'


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """Address of a server of ``tmp_path``."""
    pytest.importorskip("aiohttp", reason="the extra [http] is not installed")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    serving = threading.Thread(target=server.serve_forever, args=(0.02,))
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def raws(address: str) -> list[bytes]:
    return [row["raw"].strip() for row in records_of(address)]


def test_files_come_from_a_web_server(web: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(LINES))
    assert raws(f"{web}/a.jsonl") == LINES.splitlines()
    assert raws(f"{web}/b.jsonl.gz") == LINES.splitlines()
    assert [one.name for one in find_sources([f"{web}/a.jsonl?token=x"])] == ["a.jsonl"]


def test_an_import_by_address_is_one_like_any_other(
    web: str, tmp_path: Path, fresh_store: Store
) -> None:
    jsonl(tmp_path / "chats.jsonl", [chat("one"), chat("two"), "{no"])
    dataset = fresh_store.dataset("d")
    report = dataset.import_files([f"{web}/chats.jsonl"])
    assert (report.kept, report.quarantined, report.sources) == (2, 1, ("chats.jsonl",))
    assert dataset.import_files([tmp_path / "chats.jsonl"]).duplicates == 3


def test_a_group_is_had_twice_from_a_server_that_gives_no_parts(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_CHUNK_BYTES", 1_000)
    jsonl(tmp_path / "chats.jsonl", [chat("Who?", "Nobody.") for _ in range(300)])
    with open_records(find_sources([f"{web}/chats.jsonl"])[0], 4_000) as records:
        passed = sum(map(len, records.flow()))
        records.done()
        flowed = [batch["record"].to_pylist() for batch in records.flow()]
        table = records.table()
    assert flowed[0][0] == passed + 1
    assert table is not None
    assert table["record"].to_pylist() == [number for part in flowed for number in part]


@pytest.mark.parametrize("address", ["/none.jsonl", ":1/a.jsonl"])
def test_what_is_not_there_is_told(web: str, address: str) -> None:
    target = f"{web}{address}" if address.startswith("/") else f"http://127.0.0.1{address}"
    with pytest.raises((SourceMissing, SourceUnavailable)):
        records_of(target)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket on a server of this test's own, as an s3fs file system."""
    servers = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    s3fs = pytest.importorskip("s3fs", reason="the extra [s3] is not installed")
    server = servers.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    files.mkdir("drafts")
    try:
        yield files
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        server.stop()


@pytest.mark.filterwarnings("ignore")
def test_files_and_patterns_come_from_s3(bucket: Any) -> None:  # noqa: ANN401 - not typed
    bucket.pipe("drafts/a.jsonl", LINES)
    bucket.pipe("drafts/deep/b.jsonl.gz", gzip.compress(LINES))
    assert raws("s3://drafts/a.jsonl") == LINES.splitlines()
    assert raws("s3://drafts/**/*.jsonl.gz") == LINES.splitlines()
    with pytest.raises(StoreError, match="none"):
        records_of("s3://drafts/none.jsonl")
