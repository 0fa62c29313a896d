"""Records go to the engine while they are read; what cannot is read from what was kept."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import islice
from typing import Any

import pyarrow as pa
import pytest

from rolethread_store.errors import StoreError
from rolethread_store.formats import ImportOutcome, flowing, importing, lines
from rolethread_store.formats.digesting import digest_of
from rolethread_store.formats.flowing import import_flow
from rolethread_store.formats.lanes import import_group, write_alike
from rolethread_store.formats.records import Records, open_records
from rolethread_store.formats.sources import SourceFile, SourceUnavailable, Stream
from tests.formats.bench import Bench

Take = Callable[[bytes], ImportOutcome]

_GROUP = 4_000


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make groups of about 60 records, each of a few batches."""

    def opened(source: SourceFile, **named: Any) -> Any:  # noqa: ANN401
        return open_records(source, _GROUP, **named)

    monkeypatch.setattr(importing, "open_records", opened)
    monkeypatch.setattr(lines, "_CHUNK_BYTES", 1_000)


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How each group was read."""
    seen: list[str] = []

    def see_flow(*given: Any) -> int | None:  # noqa: ANN401
        place = import_flow(*given)
        seen.append("turned back" if place is None else "flow")
        return place

    def see_table(*given: Any, **named: Any) -> None:  # noqa: ANN401
        seen.append("table")
        import_group(*given, **named)

    monkeypatch.setattr(importing, "import_flow", see_flow)
    monkeypatch.setattr(importing, "import_group", see_table)
    return seen


@pytest.fixture(params=["read once more", "kept"])
def take(request: pytest.FixtureRequest, bench: Bench) -> Take:
    """Import lines from a file, or from one that cannot be jumped about in."""
    if request.param == "kept":
        return lambda data: bench.take_bytes(gzip.compress(data, 1), "given.jsonl.gz")
    return bench.take_bytes


def lines_of(given: list[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(one).encode() for one in given)


def records(count: int) -> list[dict[str, Any]]:
    return [{"messages": [{"role": "user", "content": f"text {one}"}]} for one in range(count)]


def given_in_order(bench: Bench) -> list[int]:
    rows = bench.rows("SELECT origin.record FROM entries ORDER BY entry_id")
    assert rows == bench.rows("SELECT origin.record FROM entries ORDER BY position")
    return [row[0] for row in rows]


def test_a_file_of_one_shape_flows_group_by_group(
    bench: Bench, take: Take, groups: list[str]
) -> None:
    given = records(1_000)
    outcome = take(lines_of(given))
    assert set(groups) == {"flow"}
    assert len(groups) > 10
    assert outcome.sources[0].kept == 1_000
    assert given_in_order(bench) == list(range(1, 1_001))
    assert bench.give("chatml") == given
    path = next(bench.folder.glob("given.jsonl*"))
    assert bench.take(path, dry_run=True) == outcome


@pytest.mark.parametrize("suffix", [b"", b"\n", b"\n\n  \n"])
def test_the_end_of_a_file_may_be_anything_blank(take: Take, suffix: bytes) -> None:
    assert take(lines_of(records(100)) + suffix).sources[0].kept == 100


@pytest.mark.parametrize("odd", [0, 58, 500, 999])
def test_from_an_odd_record_on_the_rest_goes_as_tables(
    bench: Bench, take: Take, groups: list[str], odd: int
) -> None:
    given = records(1_000)
    given[odd]["more"] = 1
    data = lines_of(given)
    outcome = take(data.replace(b"\n", b"\r\n\n  \n", 300))
    turned = groups.index("turned back")
    assert set(groups[:turned]) <= {"flow"}
    assert set(groups[turned + 1 :]) == {"table"}
    assert (outcome.sources[0].kept, outcome.sources[0].quarantined) == (1_000, 0)
    lines_before = [3 * one if one < 300 else one + 600 for one in range(1_000)]
    assert given_in_order(bench) == [one + 1 for one in lines_before]
    assert bench.give("chatml") == given
    again = take(data)
    assert again.sources[0].digest == digest_of(BytesIO(data)).digest


def test_a_line_that_is_no_text_turns_the_flow_back(
    bench: Bench, take: Take, groups: list[str]
) -> None:
    data = [json.dumps(one).encode() for one in records(200)]
    data[100] = b'{"messages":"\xff"}'
    outcome = take(b"\n".join(data))
    assert "turned back" in groups
    assert (outcome.sources[0].kept, outcome.sources[0].quarantined) == (199, 1)
    assert bench.rows("SELECT record, raw FROM quarantine") == [(101, data[100])]


def test_messages_of_more_fields_flow_on_after_one_table(
    bench: Bench, take: Take, groups: list[str]
) -> None:
    given = records(1_000)
    given[500]["messages"][0]["role"] = "User"
    take(lines_of(given))
    turned = groups.index("turned back")
    assert groups[turned : turned + 2] == ["turned back", "table"]
    assert set(groups[turned + 2 :]) == {"flow"}
    assert bench.plain == [True] * turned + [False] * (len(bench.plain) - turned)
    assert bench.give("chatml") == given


@pytest.mark.parametrize("failing", [3, 50, 199])
def test_what_the_source_fails_with_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    real, calls = Stream.readinto, iter(range(10_000))

    def readinto(stream: Stream, room: object, /) -> int:
        if next(calls) == failing:
            raise SourceUnavailable("the cable was pulled")
        return real(stream, room)

    data = lines_of(records(4_000))
    path = bench.folder / "given.jsonl"
    path.write_bytes(data)
    monkeypatch.setattr(Stream, "readinto", readinto)
    with pytest.raises(SourceUnavailable, match="the cable was pulled"):
        bench.take(path)


def test_an_interrupt_while_reading_is_one_outside(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Records.flow

    def flow(records: Records) -> Iterator[pa.RecordBatch]:
        yield from islice(real(records), 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(Records, "flow", flow)
    with pytest.raises(KeyboardInterrupt):
        bench.take_records(records(1_000))


def test_rows_that_the_engine_loses_are_missed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flowing, "write_alike", lambda *given: write_alike(*given) - 1)
    with pytest.raises(StoreError, match="kept and 0 quarantined"):
        bench.take_records(records(1_000))


def test_the_size_of_a_group_is_guessed_from_what_was_read(bench: Bench) -> None:
    path = bench.folder / "given.jsonl"
    path.write_bytes(lines_of(records(1_000)))
    with open_records(path, _GROUP) as source:
        assert source.head(5) is not None
        guessed = []
        while source.more():
            guessed.append((source.expected(), sum(map(len, source.flow()))))
            source.done()
    assert all(abs(guess - real) <= real // 3 + 15 for guess, real in guessed), guessed
