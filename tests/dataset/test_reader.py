"""Reading under damage and after failures; checkpoints; entries found by id."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from uuid import UUID

import pytest

from rolethread_store.engine import EngineFailed, Session
from rolethread_store.errors import Corrupt, NotFound
from rolethread_store.segments import SegmentDamaged
from rolethread_store.store import Store
from tests.scenes import chat, jsonl

Open = Callable[[], Store]


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Store:
    records = [chat(f"guest {n}", "welcome", tags=["t"] if n % 2 else None) for n in range(40)]
    fresh_store.dataset("inn").import_file(jsonl(tmp_path / "inn.jsonl", records))
    return fresh_store


def segment_of(store: Store) -> Path:
    """The file that holds the entries."""
    (batch,) = [one for one in store._parts.journal.manifest.batches if one.kind == "entries"]
    return store.path / "segments" / f"{batch.batch_id.hex}-0000.parquet"


def test_a_damaged_page_is_named_with_what_it_held(inn: Store, open_again: Open) -> None:
    path = segment_of(inn)
    inn.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    store = open_again()
    with pytest.raises(SegmentDamaged, match="20 rows"):
        store.dataset("inn").page(40)
    with pytest.raises(SegmentDamaged):
        store.search("guest")


@pytest.mark.parametrize("how", ["missing", "shorter", "footer", "longer"])
def test_a_segment_that_is_not_the_written_one_is_refused_at_once(
    how: str, inn: Store, open_again: Open
) -> None:
    path = segment_of(inn)
    inn.close()
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        changed = {
            "shorter": content[:-1],
            "longer": content + b"\0",
            "footer": content[:-20] + bytes([content[-20] ^ 1]) + content[-19:],
        }
        path.write_bytes(changed[how])
    store = open_again()
    for question in (store.datasets, store.dataset("inn").count, store.dataset("inn").page):
        with pytest.raises(SegmentDamaged, match=path.name):
            question()
    assert len(store.log()) == 1


def test_the_reader_recovers_after_the_engine_failed(
    inn: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = "SELECT count(*) FROM entries"
    first = inn.dataset("inn").page(1)[0].entry_id
    inn.edit(first, message=0, content="host")
    assert inn.sql(question).fetchall() == [(40,)]

    def fails(*_: object, **__: object) -> None:
        raise EngineFailed("INTERNAL Error: something impossible")

    with monkeypatch.context() as patched:
        patched.setattr(Session, "result", fails)
        with pytest.raises(EngineFailed):
            inn.sql(question)
    assert inn.sql(question).fetchall() == [(40,)]
    assert inn.sql("SELECT content FROM messages WHERE content = 'host'").fetchall() == [("host",)]
    assert inn.entry(first).entry.messages[0].content == "host"


def test_a_tag_patch_stands_between_earlier_and_later_edits(
    inn: Store, open_again: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("rolethread_store.editing.bulk_tags"), "INLINE_LIMIT", 3)
    dataset = inn.dataset("inn")
    early, late = (entry.entry_id for entry in dataset.page(2))
    dataset.add_tags(["early"], entries=[early])
    dataset.add_tags(["all"])
    dataset.remove_tags(["all"], entries=[late])
    dataset.remove_tags(["t"])

    def tags() -> list[tuple[str, ...] | None]:
        return [entry.tags for entry in dataset.page(3)]

    assert tags() == [("early", "all"), (), ("all",)]
    inn.checkpoint()
    assert tags() == [("early", "all"), (), ("all",)]
    inn.undo()
    assert tags() == [("early", "all"), ("t",), ("all",)]
    inn.undo()
    assert tags() == [("early", "all"), ("t", "all"), ("all",)]
    inn.undo()
    assert tags() == [("early",), ("t",), None]
    inn.redo()
    inn.close()
    dataset = open_again().dataset("inn")
    assert tags() == [("early", "all"), ("t", "all"), ("all",)]


def test_entries_are_found_by_id_wherever_they_are(inn: Store) -> None:
    dataset = inn.dataset("inn")
    ids = [entry.entry_id for entry in dataset.page(40)]
    inn.edit(ids[0], entry=chat("a", "b", "c"))
    with pytest.raises(NotFound):
        inn.entry(UUID(int=ids[0].int + 1))
    inn.edit(ids[0], message=2, content="see")
    inn.checkpoint()
    assert inn.edit(ids[0], message=2, content="sea").kind == "change"
    inn.edit(str(ids[39]), message=1, content="last")
    assert inn.entry(ids[39]).dataset == "inn"
    inn.delete([ids[0]])
    with pytest.raises(NotFound):
        inn.entry(ids[0])
    inn.checkpoint()
    with pytest.raises(NotFound):
        inn.entry(ids[0])


def test_a_wrapped_key_that_was_changed_opens_nothing(inn: Store, open_again: Open) -> None:
    inn.close()
    store = open_again()
    journal = store._parts.journal
    [batch] = [one for one in journal.manifest.batches if one.kind == "entries"]
    swapped = batch.model_copy(update={"wrapped_key": "00" * 40})
    journal._batches[batch.batch_id] = swapped
    with pytest.raises(Corrupt):
        store.dataset("inn").count()
