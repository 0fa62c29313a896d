from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from rolethread_store.errors import Denied
from rolethread_store.storage import DiskFull
from rolethread_store.storage.disk import Disk
from rolethread_store.sync import (
    ExtraMissing,
    LocalFileDamaged,
    Remote,
    RemoteObjectExists,
    RemoteObjectMissing,
    RemoteRefused,
    RemoteUnavailable,
    RemoteUrlInvalid,
)
from rolethread_store.sync.failures import Reaching


def test_objects_are_written_listed_read_and_removed(remote_url: str) -> None:
    remote = Remote.open(remote_url)
    assert remote.listing("v1") == {}
    remote.write_new("v1/a/one", b"1")
    remote.write_new("v1/b/c/two", b"22")
    assert remote.listing("v1") == {"v1/a/one": 1, "v1/b/c/two": 2}
    assert remote.listing("v1/b") == {"v1/b/c/two": 2}
    assert remote.size("v1/b/c/two") == 2
    assert remote.size("v1/b/c/three") is None
    assert remote.read("v1/a/one") == b"1"
    assert b"".join(remote.read_chunks("v1/b/c/two")) == b"22"
    remote.remove("v1/a/one")
    remote.remove("v1/a/one")
    assert Remote.open(remote_url).listing("v1") == {"v1/b/c/two": 2}


def test_a_name_is_never_given_twice(remote_url: str, tmp_path: Path) -> None:
    remote = Remote.open(remote_url)
    remote.write_new("v1/a/one", b"first")
    with pytest.raises(RemoteObjectExists):
        remote.write_new("v1/a/one", b"second")
    source = tmp_path / "source"
    source.write_bytes(b"second")
    with pytest.raises(RemoteObjectExists):
        remote.upload_new("v1/a/one", source, hashlib.sha256(b"second").hexdigest())
    assert remote.read("v1/a/one") == b"first"
    assert remote.listing("v1") == {"v1/a/one": 5}


def test_a_file_with_another_digest_is_not_published(remote_url: str, tmp_path: Path) -> None:
    remote = Remote.open(remote_url)
    source = tmp_path / "source"
    source.write_bytes(b"x" * 3_000_000)
    with pytest.raises(LocalFileDamaged):
        remote.upload_new("v1/a/one", source, "0" * 64)
    assert remote.listing("v1") == {}
    remote.upload_new("v1/a/one", source, hashlib.sha256(source.read_bytes()).hexdigest())
    assert remote.read("v1/a/one") == source.read_bytes()


def test_missing_objects_are_named(remote_url: str) -> None:
    remote = Remote.open(remote_url)
    with pytest.raises(RemoteObjectMissing, match="v1/a/none"):
        remote.read("v1/a/none")
    with pytest.raises(RemoteObjectMissing, match="v1/a/none"):
        list(remote.read_chunks("v1/a/none"))


@pytest.mark.parametrize(
    ("protocol", "extra"), [("s3", "s3"), ("sftp", "sftp"), ("ssh", "sftp"), ("webdav", "webdav")]
)
def test_a_missing_extra_is_named(
    protocol: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object, **__: object) -> None:
        raise ImportError(f"Install something for {protocol}")

    monkeypatch.setattr("rolethread_store.sync.remote.url_to_fs", absent)
    with pytest.raises(ExtraMissing) as caught:
        Remote.open(f"{protocol}://place/folder")
    assert caught.value.hint == f"Run: pip install 'rolethread-store[{extra}]'"


@pytest.mark.parametrize("url", ["", "   ", "nonsense://place", "~nobody-of-this-name/x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(RemoteUrlInvalid):
        Remote.open(url)


def test_addresses_of_one_folder_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "a b"
    spellings = [str(folder), folder.as_uri(), "~/a b", "a b", f"{folder}/", f"{folder}/../a b"]
    assert {Remote.open(spelling).url for spelling in spellings} == {folder.as_uri()}


def test_a_password_in_an_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("rolethread_store.sync.remote.url_to_fs", refuse)
    with pytest.raises(RemoteUnavailable) as caught:
        Remote.open("sftp://me:hunter2@host/x")
    assert "hunter2" not in str(caught.value)
    assert "me@host" in str(caught.value)


def test_a_failed_write_to_a_folder_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = Remote.open(str(tmp_path / "backup"))

    def full(self: Disk, operation: str, path: Path) -> None:
        if operation == "write":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Disk, "step", full)
    with pytest.raises(DiskFull):
        remote.write_new("v1/a/one", b"1")
    monkeypatch.undo()
    assert remote.listing("v1") == {}


def test_a_folder_without_links_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    remote = Remote.open(str(tmp_path / "backup"))
    remote.write_new("v1/a/one", b"1")
    with pytest.raises(RemoteObjectExists):
        remote.write_new("v1/a/one", b"2")
    assert remote.listing("v1") == {"v1/a/one": 1}


def test_a_listing_that_fails_half_way_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = Remote.open(str(tmp_path / "backup"))
    remote.write_new("v1/a/one", b"1")
    remote.write_new("v1/b/two", b"2")
    listed = remote._system.ls

    def partial(path: str, *, detail: bool) -> object:
        if path.endswith("/b"):
            raise OSError(errno.EIO, "Input/output error")
        return listed(path, detail=detail)

    monkeypatch.setattr(remote._system, "ls", partial)
    with pytest.raises(RemoteUnavailable):
        remote.listing("v1")


def test_errors_of_backends_are_translated_and_bugs_are_not() -> None:
    class TransportError(Exception):
        pass

    TransportError.__module__ = "botocore.exceptions"
    with pytest.raises(RemoteUnavailable, match="bucket"), Reaching("s3://bucket", "x"):
        raise TransportError("connection reset")
    with pytest.raises(RemoteUnavailable), Reaching("s3://bucket", "x"):
        raise TimeoutError
    with pytest.raises(RemoteRefused) as caught, Reaching("s3://bucket", "x"):
        raise PermissionError("AccessDenied")
    assert isinstance(caught.value, Denied)
    with pytest.raises(ZeroDivisionError), Reaching("s3://bucket", "x"):
        raise ZeroDivisionError


def test_a_backend_without_atomic_puts_is_given_staged_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = Remote.open(str(tmp_path / "backup"))
    # A server that is neither a folder of ours nor an object store: SFTP, WebDAV.
    monkeypatch.setattr(remote, "_folder", None)
    remote.write_new("v1/a/one", b"1")
    source = tmp_path / "source"
    source.write_bytes(b"22")
    remote.upload_new("v1/a/two", source, hashlib.sha256(b"22").hexdigest())
    assert remote.listing("v1") == {"v1/a/one": 1, "v1/a/two": 2}
    with pytest.raises(RemoteObjectExists):
        remote.write_new("v1/a/one", b"3")

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "connection lost")

    monkeypatch.setattr(remote._system, "mv", broken)
    with pytest.raises(RemoteUnavailable):
        remote.write_new("v1/a/three", b"333")
    with pytest.raises(RemoteUnavailable):
        remote.upload_new("v1/a/four", source, hashlib.sha256(b"22").hexdigest())
    assert remote.listing("v1") == {"v1/a/one": 1, "v1/a/two": 2}
