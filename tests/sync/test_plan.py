from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.sync.local import PlannedFile, Source
from rolethread_store.sync.plan import missing_from, planned
from rolethread_store.sync.records import Part, RemoteFile


def part(number: int) -> Part:
    return Part(sha256=f"{number:064x}", size=number + 1)


def file(name: str, numbers: list[int]) -> PlannedFile:
    parts = tuple(part(number) for number in numbers)
    sources = tuple(Source(item, Path(name), 0, whole=False) for item in parts)
    size = sum(item.size for item in parts)
    return PlannedFile(RemoteFile(path=name, size=size, parts=parts), sources)


numbers = st.integers(0, 12)


@given(
    st.lists(st.lists(numbers, max_size=5), max_size=4),
    st.sets(numbers),
    st.dictionaries(numbers, st.booleans()),
)
def test_a_plan_is_a_set_difference(
    cut: list[list[int]], known: set[int], listed: dict[int, bool]
) -> None:
    files = tuple(file(f"f{index}", parts) for index, parts in enumerate(cut))
    there = {part(n).sha256: part(n).size if right else 0 for n, right in listed.items()}
    plan = planned(files, {part(n).sha256 for n in known}, there)
    wanted = {n for parts in cut for n in parts}
    found = {n for n in wanted - known if listed.get(n)}
    assert {source.part.size - 1 for source in plan.send} == wanted - known - found
    assert {source.part.size - 1 for source in plan.found} == found
    assert len(plan.send) + len(plan.found) + plan.known == plan.objects == len(wanted)
    assert plan.bytes == sum(source.part.size for source in plan.send)
    assert plan.total_bytes == sum(part(n).size for n in wanted)
    assert plan.files == tuple(item.file for item in files)


def test_an_object_that_two_files_share_is_sent_once() -> None:
    files = (file("a", [1, 2]), file("b", [2, 1, 2]))
    assert [source.part for source in missing_from(files, set())] == [part(1), part(2)]
