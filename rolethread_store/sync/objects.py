"""Putting one object on a remote and proving that it is there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from rolethread_store.errors import NotFound, Unavailable
from rolethread_store.sync.chunks import Tally, file_range, sha256
from rolethread_store.sync.failures import LocalFileDamaged, RemoteObjectExists
from rolethread_store.sync.local import BUFFERED, Source
from rolethread_store.sync.records import Part, object_name
from rolethread_store.sync.remote import Remote

__all__ = ["is_whole", "put_bytes", "put_object"]


def is_whole(remote: Remote, name: str, part: Part) -> bool:
    """Return whether an object is there with exactly the bytes its digest stands for.

    Raises:
        RemoteObjectMissing: It is not there.
        RemoteUnavailable: The remote failed.
    """
    if part.size <= BUFFERED:
        content = remote.read(name)
        return len(content) == part.size and sha256(content) == part.sha256
    tally = Tally()
    tally.drain(remote.read_chunks(name))
    return (tally.sha256, tally.size) == (part.sha256, part.size)


def put_object(remote: Remote, source: Source) -> None:
    """Put one object of the store on the remote.

    Raises:
        LocalFileDamaged: The file does not have these bytes any more.
        RemoteUnavailable: The remote failed and the object is not there.
    """
    part = source.part
    name = object_name(part.sha256)
    if source.whole and part.size > BUFFERED:
        _settled(remote, name, part, lambda: remote.upload_new(name, source.path, part.sha256))
        return
    content = file_range(source.path, source.offset, part.size)
    if sha256(content) != part.sha256:
        raise LocalFileDamaged(
            f"{source.path} is not what the store wrote; it was not pushed",
            hint="Restore the store from an earlier backup into a new folder.",
        )
    put_bytes(remote, name, content)


def put_bytes(remote: Remote, name: str, content: bytes) -> None:
    """Put an object that is in memory on the remote.

    Raises:
        RemoteUnavailable: The remote failed and the object is not there.
    """
    part = Part(sha256=sha256(content), size=len(content))
    _settled(remote, name, part, lambda: remote.write_new(name, content))


def _settled(remote: Remote, name: str, part: Part, write: Callable[[], None]) -> None:
    """Write once, and find out by reading what an ambiguous answer meant.

    A name that is taken by other bytes than its digest stands for is what a broken write
    left behind; it serves nobody and is replaced.
    """
    try:
        write()
    except RemoteObjectExists:
        if not is_whole(remote, name, part):
            remote.remove(name)
            write()
    except Unavailable:
        if not _arrived(remote, name, part):
            raise


def _arrived(remote: Remote, name: str, part: Part) -> bool:
    """Return whether a write that reported a failure succeeded all the same."""
    with suppress(Unavailable, NotFound):
        return is_whole(remote, name, part)
    return False
