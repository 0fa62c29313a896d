"""Sources at a URL, through whichever driver speaks its protocol. Only ever read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from fsspec.core import url_to_fs

from rolethread_store.errors import InvalidInput
from rolethread_store.formats.sources.failures import Reaching, SourceDriverMissing, SourceMissing

__all__ = ["Place", "is_address", "places"]

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://.+", re.DOTALL)
_SECRET = re.compile(r"(://[^/@]*)@")
_WEB = frozenset({"http", "https"})
_EXTRAS = {
    "http": "http", "https": "http", "s3": "s3", "s3a": "s3", "sftp": "sftp", "ssh": "sftp",
    "webdav": "webdav", "webdavs": "webdav",
}  # fmt: skip


class Place:
    """One file at a URL.

    Attributes:
        name: Its last part.
        shown: The URL as messages have it: without user, password and signature.
        size: Bytes, ``None`` where the server does not say.
        opener: Gives its bytes.
    """

    def __init__(self, system: Any, path: str, shown: str) -> None:  # noqa: ANN401
        self.shown = shown
        self.name = path.partition("?")[0].rstrip("/").rsplit("/", 1)[-1] or shown
        with Reaching(shown):
            told = system.info(path)
        if told.get("type") == "directory":
            raise IsADirectoryError(shown)
        size = told.get("size")
        self.size = int(size) if size is not None else None
        self.opener: Callable[[], BinaryIO] = lambda: cast(BinaryIO, system.open(path, "rb"))


def is_address(text: str) -> bool:
    """Tell a URL from a path."""
    return _ADDRESS.fullmatch(text) is not None


def places(url: str) -> list[Place]:
    """Return the file at a URL, or the files its ``*`` stands for, in order of their names.

    Raises:
        SourceDriverMissing: the protocol needs an extra that is not installed.
        SourceMissing: nothing is there.
        SourceUnreadable: reading is forbidden.
        SourceUnavailable: the remote fails.
        InvalidInput: the protocol is not known.
    """
    shown = _SECRET.sub("://", url).partition("?")[0]
    protocol = url.partition("://")[0].lower()
    try:
        with Reaching(shown):
            system, path = url_to_fs(url)
            if protocol in _WEB or "*" not in path or system.exists(path):
                return [Place(system, path, shown)]
            found = sorted(system.glob(path))
            if not found:
                raise SourceMissing(f"no file matches {shown}", hint="check the address")
            return [Place(system, one, f"{protocol}://{one.lstrip('/')}") for one in found]
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        named = f"rolethread-store[{extra}]" if extra else f"fsspec[{protocol}]"
        raise SourceDriverMissing(
            f"addresses that begin with {protocol}:// need a library that is not installed "
            f"({error.name or error})",
            hint=f"install it with: pip install '{named}'",
        ) from None
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{shown} is not an address that can be read ({error})",
            hint="use a path, or s3://…, sftp://…, webdav://…, https://…",
        ) from None
