"""Quarantine: shown, exported, read once more; and undo puts every record back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.formats import OutputExists
from rolethread_store.model import FactKind
from rolethread_store.query import QuarantinedMissing, QuarantinedUnclear
from rolethread_store.store import Store, salvage_store
from rolethread_store.store.datasets import Dataset
from rolethread_store.store.mending import FixedFileUnfit
from tests.formats.crafted import use
from tests.scenes import PASSPHRASE, chat, jsonl

Open = Callable[[], Store]
TORN = '{"messages":[{"role":"user","content":"torn'
LOST = '{"nobody":"knows this"}'
ODD = '{"parley":[["Rex","Ho!"]],"cast":{"rex":"Rex"}}'


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Dataset:
    dataset = fresh_store.dataset("inn")
    dataset.import_file(jsonl(tmp_path / "inn.jsonl", [chat("one"), TORN, LOST, ODD, ODD]))
    return dataset


def held(store: Store) -> list[tuple[str, int]]:
    found = [(one.source, one.record) for one in store.quarantine()]
    assert store.status().quarantined == len(found)
    return found


def texts(dataset: Dataset) -> list[str | None]:
    return [entry.messages[0].content for entry in dataset.page()]


def test_nothing_new_is_known(inn: Dataset, fresh_store: Store) -> None:
    report = fresh_store.retry_quarantined("inn")
    assert (report.tried, report.mended, report.left, report.imported) == (4, 0, 4, None)
    assert [note.record for note in report.notes] == [2, 3, 4, 5]
    assert len(fresh_store.log()) == 1


def test_a_newer_version_knows_more(
    inn: Dataset, fresh_store: Store, open_again: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch)
    report = fresh_store.retry_quarantined("inn", assistants=["rex"])
    assert (report.tried, report.mended, report.repaired, report.left) == (4, 2, 0, 2)
    assert report.imported is not None
    assert (report.imported.kept, report.imported.definitions) == (2, 1)
    assert held(fresh_store) == [("inn.jsonl", 2), ("inn.jsonl", 3)]
    entry = inn.page()[-1]
    assert (entry.origin.source, entry.origin.record, entry.origin.format) == (
        "inn.jsonl", 5, "parley",
    )  # fmt: skip
    assert [message.role for message in entry.messages] == ["assistant"]
    assert fresh_store._parts.journal.facts.get(FactKind.CHARACTER, "rex") is not None
    fresh_store.checkpoint()
    fresh_store.close()
    again = open_again()
    assert held(again) == [("inn.jsonl", 2), ("inn.jsonl", 3)]
    again.undo()
    assert len(held(again)) == 4
    assert again._parts.journal.facts.get(FactKind.CHARACTER, "rex") is None
    again.redo()
    assert len(held(again)) == 2


def test_repairs_are_taken_only_when_asked_for(inn: Dataset, fresh_store: Store) -> None:
    record, repair = fresh_store.quarantined_record("inn.jsonl:2")
    assert (record.raw, repair is not None and repair.safe) == (TORN.encode(), True)
    assert fresh_store.quarantined_record(record.record_id, repair=False) == (record, None)
    report = fresh_store.retry_quarantined("inn", repair=True)
    assert (report.mended, report.repaired, report.left) == (1, 1, 3)
    assert texts(inn) == ["one", "torn"]
    with pytest.raises(QuarantinedMissing):
        fresh_store.quarantined_record("inn.jsonl:2")


def test_records_that_the_user_has_mended(inn: Dataset, fresh_store: Store, tmp_path: Path) -> None:
    fixed = jsonl(tmp_path / "fixed.jsonl", [chat("found")])
    with pytest.raises(FixedFileUnfit):
        fresh_store.retry_quarantined("inn", file=fixed)
    report = fresh_store.retry_quarantined("inn", sources=["inn.jsonl"], records=[3], file=fixed)
    assert (report.tried, report.mended) == (1, 1)
    assert texts(inn) == ["one", "found"]
    assert [one.record for one in fresh_store.quarantine()] == [2, 4, 5]


def test_namesakes_leave_together_or_not_at_all(fresh_store: Store, tmp_path: Path) -> None:
    paths = []
    for folder, line in (("a", ODD), ("b", LOST)):
        (tmp_path / folder).mkdir()
        paths.append(jsonl(tmp_path / folder / "same.jsonl", [line, TORN + folder]))
    fresh_store.dataset("inn").import_files(paths)
    with pytest.raises(QuarantinedUnclear):
        fresh_store.quarantined_record("same.jsonl:2")
    with pytest.MonkeyPatch.context() as patch:
        use(patch)
        report = fresh_store.retry_quarantined("inn")
        assert (report.mended, report.left) == (0, 4)
        report = fresh_store.retry_quarantined("inn", repair=True)
    assert (report.mended, report.left) == (2, 2)
    assert [one.record for one in fresh_store.quarantine()] == [1, 1]
    assert sorted(map(str, texts(fresh_store.dataset("inn")))) == ["torna", "tornb"]
    assert fresh_store.status().quarantined == 2


def test_one_file_name_in_two_imports(inn: Dataset, fresh_store: Store, tmp_path: Path) -> None:
    jsonl(tmp_path / "inn.jsonl", [ODD, TORN, LOST, chat("two")])
    inn.import_file(tmp_path / "inn.jsonl")
    assert len(held(fresh_store)) == 7
    report = fresh_store.retry_quarantined("inn", repair=True)
    assert (report.tried, report.mended, report.left) == (7, 2, 5)
    assert texts(inn) == ["one", "two", "torn", "torn"]
    assert fresh_store.status().quarantined == 5


def test_an_import_that_is_reverted_takes_its_quarantine_along(
    inn: Dataset, fresh_store: Store, tmp_path: Path
) -> None:
    more = jsonl(tmp_path / "more.jsonl", [TORN, LOST])
    inn.import_file(more)
    fresh_store.retry_quarantined("inn", sources=["more.jsonl"], repair=True)
    inn.revert(2)
    assert held(fresh_store) == [("inn.jsonl", number) for number in (2, 3, 4, 5)]
    assert texts(inn) == ["one", "torn"]


def test_what_is_mended_stays_so_in_a_salvaged_store(
    inn: Dataset, fresh_store: Store, tmp_path: Path
) -> None:
    fresh_store.retry_quarantined("inn", repair=True)
    fresh_store.close()
    salvage_store(
        tmp_path / "store", tmp_path / "saved", passphrase=PASSPHRASE, new_passphrase=PASSPHRASE
    )
    with rolethread_store.open(tmp_path / "saved", passphrase=PASSPHRASE) as saved:
        assert [one.record for one in saved.quarantine()] == [3, 4, 5]
        assert saved.retry_quarantined("inn", repair=True).mended == 0


def test_quarantine_as_a_file(inn: Dataset, fresh_store: Store, tmp_path: Path) -> None:
    out = tmp_path / "bad.jsonl"
    assert fresh_store.export_quarantine(out, "inn") == 4
    assert out.read_text() == "\n".join([TORN, LOST, ODD, ODD, ""])
    with pytest.raises(OutputExists):
        fresh_store.export_quarantine(out)
    assert fresh_store.export_quarantine(out, json=True, force=True) == 4
    first = json.loads(out.read_text().splitlines()[0])
    assert (first["source"], first["record"], first["raw"]) == ("inn.jsonl", 2, TORN)
    with pytest.raises(OutputExists):
        fresh_store.export_quarantine(tmp_path)
    assert sorted(one.name for one in tmp_path.glob(".bad*")) == []


def test_facts_alone_are_an_import(
    fresh_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch)
    path = jsonl(tmp_path / "cards.jsonl", [{"roll": {"rex": ["Rex", "A dog."]}}])
    report = fresh_store.dataset("cards").import_file(path)
    assert (report.records, report.kept, report.entries, report.definitions) == (1, 1, 0, 1)
    other = jsonl(tmp_path / "more.jsonl", [{"roll": {"rex": ["Rex", "A king."]}}])
    report = fresh_store.dataset("cards").import_file(other)
    assert [(one.key, one.new_key) for one in report.renamed] == [("rex", "rex-2")]
    facts = fresh_store._parts.journal.facts
    assert [fact.key for fact in facts.of_kind(FactKind.CHARACTER)] == ["rex", "rex-2"]
    fresh_store.undo()
    facts = fresh_store._parts.journal.facts
    assert [fact.key for fact in facts.of_kind(FactKind.CHARACTER)] == ["rex"]
    assert fresh_store.dataset("cards").import_file(path).duplicates == 1


def test_an_entry_of_an_odd_shape_is_edited_as_chatml(
    fresh_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch)
    dataset = fresh_store.dataset("inn")
    dataset.import_file(jsonl(tmp_path / "inn.jsonl", [ODD]))
    [entry] = dataset.page()
    record = json.loads(fresh_store.entry_json(entry.entry_id))
    assert record["messages"][0]["content"] == "Ho!"
    record["messages"][0]["content"] = "Hey!"
    dataset.edit(entry.entry_id, entry=record)
    assert texts(dataset) == ["Hey!"]
