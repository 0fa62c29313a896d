"""Writes ``vectors/frames-v1.json``: known answers about the files of the change log.

Run ``python -m tests.golden.make_frame_vectors``; see ``make_crypto_vectors`` for what these
files are and why the same bytes come out every time. Frames are put together here from the
specification, piece by piece: the program writes none of the odd ones.

A vector reads one ``file`` or a ``history`` of several under a root key, or has one written;
it has either the ``result`` or the ``error`` code that must be raised.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from rolethread_store.changelog import LogCipher
from rolethread_store.crypto import Keyring, Secret, derive, seal
from tests.golden.make_crypto_vectors import fixed_stream, flipped

__all__ = ["TARGET", "Vector", "build"]

Vector = dict[str, Any]

TARGET = Path(__file__).parent / "vectors" / "frames-v1.json"

ROOT = bytes(range(32))
STORE = UUID("0190f0f0-0000-7000-8000-000000000001")
OTHER_STORE = UUID("0190f0f0-0000-7000-8000-000000000002")
LOGS = [UUID(f"0190f0f0-0000-7000-8000-00000000010{n}") for n in range(4)]
DATASET = "0190f0f0-0000-7000-8000-0000000000d1"
ENTRY = "0190f0f0-0000-7000-8000-0000000000e1"
LINK, RECORD, END = range(3)
ENDED: Final = b'{"end":true}'
DAMAGED, TOO_NEW, TOO_LONG = "changelog.damaged", "changelog.too-new", "changelog.frame-too-long"
MOST_BODY: Final = 64 << 20
# Not made while this runs: another zlib may write the same text in other bytes.
DEFLATED = bytes.fromhex("789cab56ca49cc2d2856b252cac92c5118cc58a916005e0e3c40")
INFLATED = '{"lamps":"' + "lit " * 40 + '"}'


def build() -> list[Vector]:
    """Return every vector, the same ones at each call."""
    with patch("os.urandom", fixed_stream()):
        return [
            *_whole(),
            *_ends(),
            *_headers(),
            *_damaged(),
            *_newer(),
            *_histories(),
            *_writing(),
        ]


class _File:
    """A log file as it grows, by the specification."""

    def __init__(self, log_id: UUID, root: bytes = ROOT, store: UUID = STORE) -> None:
        log_key = Keyring(Secret(root), store).log_key
        self.log_id = log_id
        self.header = LogCipher(log_key, store).fresh(log_id).header
        self._key = derive(log_key, "log", self.header[8:72], 64).reveal()[:32]

    def frame(
        self, number: int, kind: int, body: bytes, codec: int = 0, claimed: int | None = None
    ) -> bytes:
        """Seal a frame; ``claimed`` is the number it then says it has."""
        plain = bytes((codec, kind)) + body
        head = _head(len(plain) + 16, number if claimed is None else claimed)
        bound = hashlib.sha256(self.header).digest() + head
        return head + seal(Secret(self._key), number, plain, bound)

    def link(self, before: tuple[UUID, int, bytes] | None = None, **changes: object) -> bytes:
        """Seal the first frame, behind a file, its frames and the last of them."""
        previous = None
        if before is not None:
            log_id, frames, last = before
            previous = {"log_id": log_id.hex, "frames": frames, "tag": last[-16:].hex()} | changes
        return self.frame(0, LINK, json.dumps({"previous": previous}).encode())

    def records(self, first: int, count: int, seq: int = 1) -> list[bytes]:
        """Seal change sets from a frame number and a sequence number on."""
        return [self.frame(first + n, RECORD, _body(seq + n).encode()) for n in range(count)]


def _head(length: int, number: int) -> bytes:
    head = struct.pack("<II", length, number)
    return head + struct.pack("<I", zlib.crc32(head))


def _body(seq: int) -> str:
    """Return a change set, of another kind for each number."""
    changes: list[dict[str, object]] = [
        {"kind": "dataset-created", "name": "Hafen"},
        {"kind": "message-edited", "entry_id": ENTRY, "message": 0, "content": "Hallo — 灯台"},
        {"kind": "tags-changed", "entry_ids": [ENTRY], "add": ["sea"], "remove": []},
        {"kind": "entries-deleted", "entry_ids": [ENTRY]},
        {"kind": "entry-moved", "entry_id": ENTRY, "position": 2048},
    ]
    fields: dict[str, object] = {
        "set_id": f"0190f0f0-0000-7000-8000-{seq:012x}",
        "seq": seq,
        "at": "2026-03-01T12:00:00Z",
        "kind": "undo" if seq > len(changes) else "change",
        "summary": f"change {seq}",
    }
    if seq > len(changes):
        fields |= {"changes": [], "target": "0190f0f0-0000-7000-8000-000000000005"}
    else:
        fields["changes"] = [{"dataset_id": DATASET, **changes[seq - 1]}]
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _reading(name: str, raw: bytes, **changes: object) -> Vector:
    usual = {"root": ROOT.hex(), "store_id": STORE.hex, "log_id": LOGS[0].hex, "raw": raw.hex()}
    return {"name": f"file: {name}", "op": "file", **usual, **changes}


def _holding(frames: int, records: Sequence[str] = (), *, closed: bool = False) -> Vector:
    """Return the result of reading a first file."""
    return {"frames": frames, "closed": closed, "previous": None, "records": [*records]}


def _bodies(count: int) -> list[str]:
    return [_body(seq) for seq in range(1, count + 1)]


def _whole() -> list[Vector]:
    file = _File(LOGS[0])
    link, records = file.link(), file.records(1, 6)
    begun = file.header + link + records[0]
    every = file.header + link + b"".join(records)
    deflated = file.header + link + file.frame(1, RECORD, DEFLATED, codec=1)
    second = _File(LOGS[0])
    later = second.header + second.link((LOGS[1], 3, bytes(15) + b"\7")) + second.records(1, 1)[0]
    previous = {"log_id": LOGS[1].hex, "frames": 3, "tag": bytes(15).hex() + "07"}
    return [
        _reading("a link and a record", begun, result=_holding(2, _bodies(1))),
        _reading("changes of many kinds", every, result=_holding(7, _bodies(6))),
        _reading(
            "closed in order",
            every + file.frame(7, END, ENDED),
            result=_holding(8, _bodies(6), closed=True),
        ),
        _reading("a deflated body", deflated, result=_holding(2, [INFLATED])),
        _reading(
            "a link to another file", later, result=_holding(2, _bodies(1)) | {"previous": previous}
        ),
        _reading("a link alone", file.header + link, result=_holding(1)),
    ]


def _ends() -> list[Vector]:
    """What a crash may leave at the end, which is dropped, and before the first frame."""
    file, other = _File(LOGS[0]), _File(LOGS[0])
    first, second = file.records(1, 2)
    raw = file.header + file.link() + first + second
    third, empty = file.frame(3, RECORD, _body(3).encode()), _holding(0)
    kept = _holding(3, _bodies(2))
    tails = {
        "half a frame": third[: len(third) // 2],
        "five bytes of a frame's head": third[:5],
        "a spoilt last frame": flipped(third, 40),
        "a spoilt last tag": flipped(third, -1),
        "room taken in advance": bytes(300),
        "half a frame, then room": third[: len(third) // 2] + bytes(300),
        "the last frame once more": second,
        "a frame of another log": other.frame(3, RECORD, _body(3).encode()),
        "an over-long length": _head(MOST_BODY + 19, 3) + third[12:],
        "a length that is too short": _head(17, 3) + third[12:],
        "a frame that says an earlier number": file.frame(4, RECORD, _body(3).encode(), claimed=2),
        "a frame under another nonce": file.frame(4, RECORD, _body(3).encode(), claimed=3),
    }
    births = {
        "a header alone": file.header,
        "a header cut short": file.header[:103],
        "a header that ends in zeros": file.header[:60] + bytes(200),
        "zeros alone": bytes(104),
        "nothing": b"",
    }
    return [
        *(_reading(f"{name} is dropped", raw + tail, result=kept) for name, tail in tails.items()),
        *(_reading(f"{name} is no file yet", raw, result=empty) for name, raw in births.items()),
    ]


def _headers() -> list[Vector]:
    file, foreign = _File(LOGS[0]), _File(LOGS[0], store=OTHER_STORE)
    raw = file.header + file.link() + file.records(1, 1)[0]
    theirs = foreign.header + foreign.link() + foreign.records(1, 1)[0]

    def vector(name: str, raw: bytes = raw, error: str = DAMAGED, **changes: object) -> Vector:
        return _reading(name, raw, **changes, error=error)

    return [
        vector("another magic", b"RTLX" + raw[4:]),
        vector("version 0", raw[:4] + b"\0" + raw[5:]),
        vector("a later version", raw[:4] + b"\2" + raw[5:], TOO_NEW),
        vector("a byte that is zero in version 1", flipped(raw, 6)),
        vector("the file of another store", theirs),
        vector("another file's name", log_id=LOGS[1].hex),
        vector("another salt", flipped(raw, 45)),
        vector("another commitment", flipped(raw, 80)),
        vector("a wrong key", root=bytes(32).hex()),
    ]


def _damaged() -> list[Vector]:
    file, other = _File(LOGS[0]), _File(LOGS[1])
    link, (first, second, third) = file.link(), file.records(1, 3)
    end = file.frame(2, END, ENDED)
    cases = {
        "a flip in a text": [link, flipped(first, 30), second],
        "a bad tag": [link, flipped(first, -1), second],
        "a wrong length": [link, flipped(first, 0), second],
        "a wrong length with its checksum": [link, _head(len(first), 1) + first[12:], second],
        "an over-long length": [link, _head(MOST_BODY + 19, 1) + first[12:], second],
        "a wrong checksum": [link, flipped(first, 9), second],
        "a wrong number": [link, _head(len(first) - 12, 2) + first[12:], second],
        "swapped frames": [link, second, first],
        "a missing frame": [link, second, third],
        "a frame twice": [link, first, first, second],
        "a frame of another log": [link, other.records(1, 1)[0], second],
        "zeros for a frame": [link, bytes(len(first)), second],
        "no link": [file.frame(0, RECORD, first), file.frame(1, RECORD, second)],
        "two links": [link, file.frame(1, LINK, b'{"previous": null}')],
        "an end and nothing else": [file.frame(0, END, ENDED)],
        "a frame behind the end": [link, first, end, file.frame(3, RECORD, b"{}")],
        "a byte behind the end": [link, first, end, b"\1"],
        "a body that does not inflate": [link, file.frame(1, RECORD, b"not deflated", codec=1)],
        "a body cut short": [link, file.frame(1, RECORD, DEFLATED[:-3], codec=1)],
        "a link that is no JSON": [file.frame(0, LINK, b"{"), first],
    }
    return [
        _reading(name, file.header + b"".join(frames), error=DAMAGED)
        for name, frames in cases.items()
    ]


def _newer() -> list[Vector]:
    file = _File(LOGS[0])
    begun = file.header + file.link()
    return [
        _reading("an unknown codec", begun + file.frame(1, RECORD, b"{}", codec=2), error=TOO_NEW),
        _reading("an unknown kind", begun + file.frame(1, 3, b"{}"), error=TOO_NEW),
    ]


def _histories() -> list[Vector]:
    one, two, three = (_File(log_id) for log_id in LOGS[:3])
    first = [one.link(), *one.records(1, 3)]
    after = two.link((LOGS[0], 4, first[3]))
    second = [after, *two.records(1, 2, 4)]
    ended = [*first, one.frame(4, END, ENDED)]
    behind_end = [two.link((LOGS[0], 5, ended[4])), *second[1:]]
    wrong = {
        "tag": two.link((LOGS[0], 4, first[2])),
        "count": two.link((LOGS[0], 9, first[3])),
        "file": two.link((LOGS[3], 4, first[3])),
        "end": two.link((LOGS[0], 4, first[3])),
    }
    mark = {"number": 1, "log_id": LOGS[0].hex, "frames": 3, "tag": first[2][-16:].hex()}
    mark["size"] = 104 + sum(map(len, first[:3]))

    def vector(name: str, *files: tuple[_File, Sequence[bytes]], **changes: object) -> Vector:
        listed = [
            {"number": n, "log_id": file.log_id.hex, "raw": (file.header + b"".join(frames)).hex()}
            for n, (file, frames) in enumerate(files, 1)
        ]
        usual = {"root": ROOT.hex(), "store_id": STORE.hex, "files": listed, "mark": None}
        return {"name": f"history: {name}", "op": "history", **usual, **changes}

    failed = (two, [two.link((LOGS[0], 4, first[3])), two.records(1, 1, 4)[0]])
    third = (three, [three.link((LOGS[0], 4, first[3])), *three.records(1, 2, 4)])
    all_five = {"result": _bodies(5)}
    short = {**mark, "frames": 5}
    return [
        vector("two files", (one, first), (two, second), **all_five),
        vector("behind an end", (one, ended), (two, behind_end), mark=mark, **all_five),
        vector("a change nobody was told of", (one, [*first, one.records(4, 1, 4)[0]]),
               (two, second), **all_five),
        vector("a file whose birth failed", (one, first), failed, third, **all_five),
        vector("without its beginning", (two, second), error=DAMAGED),
        vector("another tag in the link", (one, first), (two, [wrong["tag"]]), error=DAMAGED),
        vector("frames the file has not", (one, first), (two, [wrong["count"]]), error=DAMAGED),
        vector("a link to no file", (one, first), (two, [wrong["file"]]), error=DAMAGED),
        vector("a second beginning", (one, first), (two, [two.link()]), error=DAMAGED),
        vector("two frames too many", (one, [*first, *one.records(4, 2, 4)]), (two, second),
               error=DAMAGED),
        vector("an end the link leaves out", (one, ended), (two, [wrong["end"]]), error=DAMAGED),
        vector("cut short of the mark", (one, first), mark=short, error=DAMAGED),
        vector("another frame at the mark", (one, first), mark={**mark, "tag": "00" * 16},
               error=DAMAGED),
        vector("without the file of the mark", mark=mark, error=DAMAGED),
    ]  # fmt: skip


def _writing() -> list[Vector]:
    file = _File(LOGS[0])
    raw = file.header + file.link() + b"".join(file.records(1, 2)) + file.frame(3, END, ENDED)
    frames = [[LINK, '{"previous": null}'], *([RECORD, body] for body in _bodies(2))]
    usual = {"op": "write", "root": ROOT.hex(), "store_id": STORE.hex, "log_id": LOGS[0].hex,
             "salt": file.header[40:72].hex()}  # fmt: skip
    return [
        {"name": "write: a whole file", **usual, "frames": [*frames, [END, ENDED.decode()]],
         "result": raw.hex()},
        {"name": "write: an over-long body", **usual, "zeros": MOST_BODY + 1, "error": TOO_LONG},
    ]  # fmt: skip


def main() -> None:
    """Write the file."""
    text = json.dumps(build(), indent=1, ensure_ascii=True) + "\n"
    TARGET.write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
