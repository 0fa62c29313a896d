"""The reader's quick look: is the log as it was read?"""

from __future__ import annotations

from pathlib import Path

import pytest

from rolethread_store.changelog import LogDamaged, LogHistory, LogReader
from rolethread_store.changelog.frame import HEADER_BYTES
from tests.changelog.logs import CIPHER, make_log


def test_a_log_is_still_as_it_was_until_anything_comes_or_goes(tmp_path: Path) -> None:
    log = make_log(tmp_path)

    def is_still(history: LogHistory) -> bool:
        return LogReader(log.layout, log.disk, CIPHER).is_still(history)

    assert not is_still(log.read()), "an empty log is read again"
    log.write(b"a1", b"a2")
    closed = log.read().outline()
    assert is_still(closed)
    assert (closed.position, closed.next_number) == (log.read().position, log.read().next_number)
    assert list(closed.records()) == []
    writer = log.writer()
    writer.append(b"b1")
    assert not is_still(closed), "there is a new file"
    for body in (b"b2", b"b3"):
        read = log.read().outline()
        assert is_still(read)
        writer.append(body)
        assert not is_still(read), "there is a new frame"
    read = log.read().outline()
    writer.close()
    assert not is_still(read), "the file was closed"
    first, second = log.paths()
    raw = second.read_bytes()
    read = log.read().outline()
    for size in (len(raw) - 1, len(raw) // 2, 0):
        second.write_bytes(raw[:size])
        assert not is_still(read), "the file is shorter"
    second.write_bytes(raw + b"\0\0\1")
    assert not is_still(read), "something stands behind the end"
    second.write_bytes(raw)
    assert is_still(read)
    first.unlink()
    assert not is_still(read), "a file is gone"


def test_a_file_without_one_good_frame_is_named_by_what_links_to_it(tmp_path: Path) -> None:
    log = make_log(tmp_path)
    first = log.write(b"a1")[0]
    log.write(b"b1")
    path = log.paths()[0]
    raw = bytearray(path.read_bytes())
    raw[HEADER_BYTES + 7] ^= 2  # The first frame says that it reaches beyond the file,
    for place in range(HEADER_BYTES + 40, len(raw), 20):
        raw[place] ^= 1  # and none behind it opens.
    path.write_bytes(raw)
    with pytest.raises(LogDamaged, match="00000001 is damaged from its first frame on") as raised:
        log.read()
    assert raised.value.number == first.number
    path.unlink()
    with pytest.raises(LogDamaged, match="before 00000002 is missing") as raised:
        log.read()
    assert raised.value.number is None
