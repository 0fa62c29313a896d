"""Import, then anything that leaves a record alone, then export: the same JSON values."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rolethread_store
from rolethread_store.model import Entry
from rolethread_store.store import Dataset, Store
from tests.formats.test_round_trip import frozen, records
from tests.scenes import PASSPHRASE

ENOUGH = settings(
    max_examples=200 if settings().max_examples > 100 else 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Desk:
    """One store for all examples; each takes a dataset of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = 0
        self.store: Store = self.opened()

    def opened(self) -> Store:
        return rolethread_store.open(self.folder / "store", passphrase=PASSPHRASE)

    def reopen(self) -> None:
        self.store.close()
        self.store = self.opened()

    def dataset(self, name: str) -> Dataset:
        return self.store.dataset(name)

    def take(self, written: bytes) -> str:
        self.made += 1
        path = self.folder / f"{self.made}.json"
        path.write_bytes(written)
        name = f"set {self.made}"
        report = self.dataset(name).import_file(path)
        assert report.quarantined == 0, report.quarantine
        assert path.read_bytes() == written
        return name

    def give(self, name: str) -> list[Any]:
        """Export each entry in the format it came in, in order."""
        dataset = self.dataset(name)
        given_back: list[tuple[int, Any]] = []
        for shape in ("chatml", "sharegpt"):
            path = self.folder / "out.jsonl"
            chosen = f"origin.format = '{shape}'"
            places = dataset.sql(
                f"SELECT origin.record FROM entries WHERE {chosen} ORDER BY position"
            ).fetchall()
            dataset.export(path, format=shape, where=chosen, force=True)
            lines = path.read_text(encoding="utf-8").split("\n")[:-1]
            given_back += zip((place for (place,) in places), map(json.loads, lines), strict=True)
        return [record for _, record in sorted(given_back, key=lambda pair: pair[0])]


@pytest.fixture(scope="module")
def desk(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(empty_store, folder / "store")
    made = Desk(folder)
    yield made
    made.store.close()


def as_array(lines: list[str]) -> str:
    return "[" + ",\n".join(lines) + "]"


def as_lines(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def as_windows_lines(lines: list[str]) -> str:
    return "\ufeff" + "\r\n".join(lines)


def first_text(entry: Entry) -> str | None:
    return entry.messages[0].content if entry.messages else None


@ENOUGH
@given(
    given_records=st.lists(records(), min_size=2, max_size=8),
    written=st.sampled_from([as_array, as_lines, as_windows_lines]),
    ascii_only=st.booleans(),
)
def test_untouched_records_come_back_as_they_were(
    desk: Desk,
    given_records: list[dict[str, Any]],
    written: Callable[[list[str]], str],
    ascii_only: bool,
) -> None:
    lines = [json.dumps(record, ensure_ascii=ascii_only) for record in given_records]
    name = desk.take(written(lines).encode())
    expected = [frozen(record) for record in given_records]

    def same() -> bool:
        return [frozen(record) for record in desk.give(name)] == expected

    assert same()

    # An edit that changes nothing takes an entry through every room.
    for entry in desk.dataset(name).page():
        text = first_text(entry)
        if text is not None:
            desk.store.edit(entry.entry_id, message=0, content=text)
    assert same()

    desk.dataset(name).add_tags(["seen"])
    desk.store.checkpoint()
    desk.dataset(name).undo()
    assert same()

    victim = desk.dataset(name).page(1)[0].entry_id
    desk.store.delete([victim])
    desk.reopen()
    desk.dataset(name).undo()
    desk.store.checkpoint()
    desk.reopen()
    assert same()
