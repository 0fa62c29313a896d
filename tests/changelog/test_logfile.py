"""The log as one history: what was acknowledged is there, and tampering is named."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.changelog.logfile import (
    FrameTooLong,
    LogDamaged,
    LogHistory,
    LogPosition,
    LogState,
    LogTooNew,
    LogWriter,
)
from rolethread_store.crypto import aead as sealing
from rolethread_store.storage import DiskFailed, DiskFull, append
from rolethread_store.testing import Fault
from tests.changelog.logs import Log, make_log


@pytest.fixture(autouse=True)
def no_nonce_twice() -> Iterator[None]:
    seen: set[tuple[bytes, int]] = set()

    def observe(key: bytes, nonce: int) -> None:
        assert (key, nonce) not in seen
        seen.add((key, nonce))

    sealing.observers.append(observe)
    yield
    sealing.observers.remove(observe)


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for part of a frame: what is tried at every byte stays small."""
    monkeypatch.setattr(append, "ROOM", 48)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return make_log(tmp_path)


def test_an_empty_log_has_no_file_and_no_place(log: Log) -> None:
    assert log.read() == LogHistory((), None, 1)
    writer = log.writer()
    assert writer.settled() is None
    writer.close()
    assert log.paths() == []


def test_lives_follow_each_other(log: Log) -> None:
    log.write(b"a1", b"a2")
    log.write()
    log.write(b"b1", close=False)
    log.write(b"c1", b"c2", b"c3")
    history = log.read()
    assert [record.body for record in history.records()] == [
        b"a1",
        b"a2",
        b"b1",
        b"c1",
        b"c2",
        b"c3",
    ]
    assert [file.state for file in history.files] == ["clean", "open", "clean"]
    assert history.next_number == 4
    assert len(log.paths()) == 3


def test_an_edit_is_one_write_and_one_sync(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append, "ROOM", 150)
    writer = log.writer()
    log.disk.operations.clear()
    writer.append(b"first")
    assert [step.name for step in log.disk.operations] == ["open", "write", "sync", "sync_folder"]
    log.disk.operations.clear()
    writer.append(b"second")
    assert [step.name for step in log.disk.operations] == ["write", "write", "datasync"], "room"
    size = log.paths()[0].stat().st_size
    log.disk.operations.clear()
    writer.append(b"third")
    assert [step.name for step in log.disk.operations] == ["write", "datasync"]
    assert log.paths()[0].stat().st_size == size, "written over room"
    writer.close()
    assert log.paths()[0].stat().st_size < size, "closed in order"


def test_room_may_stay_behind_the_end(log: Log) -> None:
    """The cut that takes it away may be lost with the power when the end is not."""
    log.write(b"a", b"b")
    path = log.paths()[0]
    path.write_bytes(path.read_bytes() + bytes(500))
    assert [file.state for file in log.read().files] == ["clean"]
    log.write(b"c")
    assert log.bodies() == [b"a", b"b", b"c"]


def test_positions_are_those_read_back(log: Log) -> None:
    writer = log.writer()
    positions = [writer.append(bytes(size)) for size in (0, 10, 100)]
    assert writer.position == positions[-1]
    file = log.read().files[0]
    assert [file.position(place.frames) for place in positions] == positions
    raw = log.paths()[0].read_bytes()
    assert raw[positions[-1].size :] == bytes(len(raw) - positions[-1].size), "room"
    writer.close()
    assert log.read().position == writer.position
    with pytest.raises(FrameTooLong):
        writer.append(bytes((64 << 20) + 1))


def test_a_change_too_long_spoils_nothing(log: Log) -> None:
    writer = log.writer()
    writer.append(b"one")
    with pytest.raises(FrameTooLong):
        writer.append(bytes((64 << 20) + 1))
    writer.append(b"two")
    assert log.bodies() == [b"one", b"two"]
    assert len(log.paths()) == 1


def test_a_full_file_is_followed_by_another(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogWriter, "frames_per_file", 4)
    bodies = [bytes([number]) for number in range(7)]
    log.write(*bodies)
    assert log.bodies() == bodies
    assert [file.frames for file in log.read().files] == [4, 4, 4, 3]
    monkeypatch.setattr(LogWriter, "bytes_per_file", 300)
    log.write(bytes(200), b"next")
    assert [file.state for file in log.read().files][-2:] == ["clean", "clean"]


def test_what_another_life_left_unsynced_is_synced_before_it_is_linked(log: Log) -> None:
    log.write(b"a", close=False)
    writer = log.writer()
    log.disk.operations.clear()
    writer.append(b"b")
    assert [(step.name, step.path) for step in log.disk.operations][:3] == [
        ("open", log.paths()[0]),
        ("sync", log.paths()[0]),
        ("sync_folder", log.layout.logs),
    ]


def test_marks_are_durable_before_they_are_given(log: Log) -> None:
    log.write(b"a", close=False)
    writer = log.writer()
    log.disk.operations.clear()
    assert writer.settled() == log.read().position
    assert "sync" in [step.name for step in log.disk.operations]
    log.disk.operations.clear()
    writer.settled()
    assert log.disk.operations == []


# --- tampering ---------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """Two closed files with two change sets each."""

    log: Log
    bodies: list[bytes]
    marks: tuple[LogPosition, ...]
    raw: tuple[bytes, ...]


@pytest.fixture
def sample(log: Log) -> Sample:
    bodies = [b"a1", b"a2", b"b1", b"b2"]
    places = log.write(*bodies[:2]) + log.write(*bodies[2:])
    raw = tuple(path.read_bytes() for path in log.paths())
    return Sample(log, bodies, (places[1], places[3]), raw)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_every_flipped_byte_is_found_or_of_no_effect(sample: Sample, which: int, mask: int) -> None:
    path, raw = sample.log.paths()[which], sample.raw[which]
    unharmed = 0
    for place in range(len(raw)):
        spoilt = bytearray(raw)
        spoilt[place] ^= mask
        path.write_bytes(spoilt)
        try:
            assert sample.log.bodies() == sample.bodies
            unharmed += 1
        except (LogDamaged, LogTooNew) as error:
            assert error.code in {"changelog.damaged", "changelog.too-new"}  # noqa: PT017
    end_frame = len(raw) - sample.marks[which].size
    assert unharmed == (end_frame if which == 1 else 0)


@pytest.mark.parametrize("which", [0, 1])
def test_every_truncation_is_found_or_leaves_a_prefix(sample: Sample, which: int) -> None:
    path, raw = sample.log.paths()[which], sample.raw[which]
    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        if which == 0:
            with pytest.raises(LogDamaged):
                sample.log.bodies()
            continue
        kept = sample.log.bodies()
        assert kept == sample.bodies[: len(kept)]
        assert len(kept) >= 2
        if length < sample.marks[1].size:
            with pytest.raises(LogDamaged, match="00000002"):
                sample.log.bodies(marks=sample.marks)
        else:
            assert sample.log.bodies(marks=sample.marks) == sample.bodies


def _swap(paths: list[Path]) -> None:
    first, second = (path.read_bytes() for path in paths)
    paths[0].write_bytes(second)
    paths[1].write_bytes(first)


def _swap_names(paths: list[Path]) -> None:
    for path, number in zip(paths, (2, 1), strict=True):
        path.rename(path.with_name(f"{number:08d}" + path.name[8:]))


def _drop_first(paths: list[Path]) -> None:
    paths[0].unlink()


def _empty_first(paths: list[Path]) -> None:
    paths[0].write_bytes(b"")


def _copy_first_to_the_end(paths: list[Path]) -> None:
    paths[0].with_name("00000003" + paths[0].name[8:]).write_bytes(paths[0].read_bytes())


def _extend_first(paths: list[Path]) -> None:
    paths[0].write_bytes(paths[0].read_bytes() + b"\1")


def _extend_last(paths: list[Path]) -> None:
    paths[1].write_bytes(paths[1].read_bytes() + b"\1")


def _zero_first_header(paths: list[Path]) -> None:
    paths[0].write_bytes(bytes(104) + paths[0].read_bytes()[104:])


@pytest.mark.parametrize(
    "tamper",
    [
        _swap,
        _swap_names,
        _drop_first,
        _empty_first,
        _copy_first_to_the_end,
        _extend_first,
        _extend_last,
        _zero_first_header,
    ],
)
def test_files_cannot_be_moved_copied_or_dropped(
    sample: Sample, tamper: Callable[[list[Path]], None]
) -> None:
    tamper(sample.log.paths())
    with pytest.raises(LogDamaged):
        sample.log.bodies()


def test_the_last_file_is_missed_by_its_mark(sample: Sample) -> None:
    sample.log.paths()[1].unlink()
    assert sample.log.bodies() == sample.bodies[:2]
    with pytest.raises(LogDamaged, match="00000002"):
        sample.log.bodies(marks=sample.marks)


def test_a_mark_of_another_history_is_found(sample: Sample) -> None:
    other = sample.marks[1]._replace(tag="00" * 16)
    with pytest.raises(LogDamaged):
        sample.log.bodies(marks=(other,))


def test_files_of_other_names_are_no_history(sample: Sample) -> None:
    path = sample.log.paths()[0]
    path.with_name(path.name + ".bak").write_bytes(b"whatever")
    assert sample.log.bodies() == sample.bodies


def cuts(log: Log) -> list[bytes]:
    """Return header and frames of the only file, one by one."""
    raw = log.paths()[0].read_bytes()
    places = [104, *(end for end, _ in log.read().files[0].ends)]
    pairs = zip([0, *places], [*places, len(raw)], strict=True)
    return [raw[begin:end] for begin, end in pairs if end > begin]


@pytest.mark.parametrize(
    "order",
    [
        [0, 1, 3, 2, 4, 5],
        [0, 1, 2, 2, 3, 4, 5],
        [0, 1, 3, 4, 5],
        [0, 1, 5],
        [0, 1, 2, 4, 3],
        [0, 1, 2, 3, 5],
        [0, 2, 3, 4, 5],
        [0, 1, 2, 3, 4, 5, 5],
        [0, 1, 2, 3, 4, 5, 4],
        [1, 2, 3, 4, 5],
    ],
)
def test_frames_cannot_be_moved_copied_or_dropped(log: Log, order: list[int]) -> None:
    log.write(b"one", b"two", b"three")
    parts = cuts(log)
    assert len(parts) == 6
    log.paths()[0].write_bytes(b"".join(parts[part] for part in order))
    with pytest.raises(LogDamaged):
        log.bodies()


def test_frames_of_another_file_do_not_fit(log: Log, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_log(tmp_path / "other")
    for one in (log, other):
        one.write(b"one", b"two", close=False)
    mine, theirs = cuts(log), cuts(other)
    log.paths()[0].write_bytes(b"".join([*mine[:3], theirs[3]]))
    assert log.bodies() == [b"one"]
    log.paths()[0].write_bytes(b"".join([mine[0], theirs[1], *mine[2:]]))
    with pytest.raises(LogDamaged):
        log.bodies()


# --- crashes -----------------------------------------------------------------


def test_a_crash_at_every_byte_keeps_all_whole_frames(log: Log) -> None:
    places = log.write(b"one", b"two", b"three", close=False)
    path = log.paths()[0]
    raw = path.read_bytes()
    for length in range(len(raw) + 1):
        # Behind an unfinished header nothing was ever written.
        for tail in (b"", bytes(40), b"\xff" * 40) if length >= 104 else (b"",):
            left = raw[:length] + tail
            path.write_bytes(left)
            # One frame in 128 ends with a byte that such a tail puts back.
            whole = sum(left[: place.size] == raw[: place.size] for place in places)
            assert log.bodies() == [b"one", b"two", b"three"][:whole]


def test_a_crash_may_leave_the_length_without_the_bytes(log: Log) -> None:
    log.write(b"one", close=False)
    log.write(b"two", close=False)
    path = log.paths()[1]
    path.write_bytes(bytes(path.stat().st_size))
    assert log.bodies() == [b"one"]
    log.write(b"three")
    assert log.bodies() == [b"one", b"three"]


def test_the_next_life_goes_on_after_a_crash_at_every_byte(tmp_path: Path) -> None:
    log = make_log(tmp_path)
    log.write(b"zero")
    places = log.write(b"one", b"two", close=False)
    path = log.paths()[1]
    raw = path.read_bytes()
    for length in range(len(raw) + 1):
        path.write_bytes(raw[:length])
        whole = [b"zero", b"one", b"two"][: 1 + sum(place.size <= length for place in places)]
        log.write(b"after")
        log.write(b"later", close=False)
        assert log.bodies() == [*whole, b"after", b"later"]
        for later in log.paths()[2:]:
            later.unlink()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("torn", [0, 30, 10_000])
@pytest.mark.parametrize("at", range(12))
def test_a_fault_at_any_step_loses_nothing_acknowledged(
    log: Log, number: int, lasting: bool, torn: int, at: int
) -> None:
    log.write(b"before", close=False)
    writer = log.writer()
    acknowledged = [b"before"]
    log.disk.arm(Fault(at, number, lasting=lasting, torn=torn))
    failed = 0
    for attempt in range(6):
        body = b"edit %d" % attempt
        try:
            writer.append(body)
            acknowledged.append(body)
        except (DiskFull, DiskFailed):
            failed += 1
            log.disk.arm(None if attempt > 2 else Fault(at, number, lasting=lasting, torn=torn))
    log.disk.arm(None)
    writer.append(b"healed")
    acknowledged.append(b"healed")
    no_room = (at, number, lasting) == (8, errno.ENOSPC, False)
    assert failed or at > 10 or no_room
    assert log.bodies() == acknowledged
    writer.close()
    log.write(b"next life")
    assert log.bodies() == [*acknowledged, b"next life"]


def test_a_frame_that_was_never_acknowledged_is_no_history(log: Log) -> None:
    writer = log.writer()
    writer.append(b"one")
    log.disk.arm(Fault(0, errno.EIO, only=frozenset({"datasync", "truncate"}), lasting=True))
    with pytest.raises(DiskFailed):
        writer.append(b"lost")
    log.disk.arm(None)
    assert log.bodies() == [b"one", b"lost"], "a reader cannot know yet"
    writer.append(b"two")
    assert log.bodies() == [b"one", b"two"]


def test_a_file_that_was_never_acknowledged_is_no_history(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stay(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EIO, "unlink")

    for life in range(2):
        writer = log.writer()
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", stay)
            faults = frozenset({"sync_folder", "truncate"})
            # The second life first syncs the folder of the first.
            log.disk.arm(Fault(life, errno.EIO, only=faults, lasting=True))
            with pytest.raises(DiskFailed):
                writer.append(b"lost")
        log.disk.arm(None)
        writer.append(b"kept %d" % life)
        writer.close()
    assert len(log.paths()) == 4
    assert log.bodies() == [b"kept 0", b"kept 1"]


def test_more_than_one_surplus_frame_is_damage(log: Log) -> None:
    log.write(b"one", b"two", b"three", close=False)
    whole = log.paths()[0].read_bytes()
    log.paths()[0].write_bytes(whole[: log.read().files[0].ends[1][0]])
    log.write(b"after")
    log.paths()[0].write_bytes(whole)
    with pytest.raises(LogDamaged, match="does not end where"):
        log.bodies()


def test_a_full_disk_does_not_hinder_closing(log: Log) -> None:
    writer = log.writer()
    writer.append(b"one")
    log.disk.arm(Fault(0, errno.ENOSPC, lasting=True, torn=3))
    writer.close()
    writer.close()
    log.disk.arm(None)
    assert log.bodies() == [b"one"]
    assert log.read().files[0].state in {LogState.OPEN, LogState.TORN}
    log.write(b"two")
    assert log.bodies() == [b"one", b"two"]


def test_an_interrupt_costs_only_the_change_it_hit(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(descriptor: int, path: Path) -> None:
        raise KeyboardInterrupt

    writer = log.writer()
    writer.append(b"one")
    with monkeypatch.context() as patch:
        patch.setattr(log.disk, "datasync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            writer.append(b"lost")
    writer.append(b"two")
    assert log.bodies() == [b"one", b"two"]


# --- checkpoints -------------------------------------------------------------


def test_reading_from_a_checkpoint(log: Log) -> None:
    places = log.write(b"a1", b"a2", b"a3", close=False) + log.write(b"b1", b"b2")
    everything = [b"a1", b"a2", b"a3", b"b1", b"b2"]
    for count, place in enumerate(places, 1):
        assert log.bodies(place, tuple(places)) == everything[count:]
    with pytest.raises(LogDamaged):
        log.bodies(places[1]._replace(tag="00" * 16))


def test_files_before_a_checkpoint_may_be_gone(log: Log) -> None:
    log.write(b"a1", b"a2")
    end = log.read().position
    places = log.write(b"b1", b"b2")
    log.paths()[0].unlink()
    assert log.bodies(end) == [b"b1", b"b2"]
    assert log.bodies(places[0]) == [b"b2"]
    with pytest.raises(LogDamaged, match="missing"):
        log.bodies()
    log.paths()[0].unlink()
    last = places[1]
    history = log.read(last)
    assert history == LogHistory((), last, last.number + 1)
    writer = log.writer(history)
    writer.append(b"c1")
    assert log.bodies(last) == [b"c1"]


def test_a_gap_after_a_checkpoint_is_found(log: Log) -> None:
    start = log.write(b"a1", close=False)[0]
    log.write(b"b1")
    log.write(b"c1")
    log.paths()[1].unlink()
    with pytest.raises(LogDamaged, match=r"missing|does not end"):
        log.bodies(start)
    log.paths()[0].unlink()
    with pytest.raises(LogDamaged, match="missing"):
        log.bodies(start)


@given(
    st.lists(
        st.tuples(st.lists(st.binary(max_size=20), max_size=4), st.booleans(), st.integers(0, 60)),
        max_size=6,
    )
)
def test_any_row_of_lives_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, lives: list[tuple[list[bytes], bool, int]]
) -> None:
    log = make_log(tmp_path_factory.mktemp("store"))
    written: list[bytes] = []
    for bodies, closed, torn in lives:
        log.write(*bodies, close=closed)
        written += bodies
        if bodies and not closed:
            with log.paths()[-1].open("ab") as file:
                file.write(bytes(torn))
    assert log.bodies() == written
