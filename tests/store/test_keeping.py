"""History expires, datasets are dropped and shredded, and every answer that is kept stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rolethread_store
from rolethread_store.changelog import HistoryExpired, NothingToUndo
from rolethread_store.clock import FixedClock
from rolethread_store.crypto import floor_params
from rolethread_store.dataset import DatasetMissing, RekeyUnfinished, without_old_facts
from rolethread_store.dataset.naming import NameInUse
from rolethread_store.errors import Conflict, NotFound
from rolethread_store.model import (
    Change,
    ChangeSet,
    Expired,
    FactKind,
    FactPut,
    FactRemoved,
    Progress,
    Setting,
)
from rolethread_store.registry import Registry
from rolethread_store.store import Store, check_local, restore_store, salvage_store
from rolethread_store.store.bringing import DatasetNameInvalid, DatasetNameTaken
from rolethread_store.store.datasets import Dataset
from rolethread_store.store.keeping import Horizon, HorizonInvalid, keep
from tests.scenes import PASSPHRASE, chat, jsonl
from tests.store.dying import NEVER, died, switch_of

Open = Callable[[], Store]
CANARY = "the heron counts to nine"


@pytest.fixture(scope="module")
def template(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to copy: a store of three entries and a record set aside, and its file."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(empty_store, folder / "store")
    records: list[dict[str, Any] | str] = [chat("one"), chat("two"), chat("three"), "{not"]
    with rolethread_store.open(folder / "store", passphrase=PASSPHRASE) as store:
        store.dataset("inn").import_file(jsonl(folder / "inn.jsonl", records))
    return folder


@pytest.fixture
def fresh_store(
    request: pytest.FixtureRequest, empty_store: Path, tmp_path: Path, open_again: Open
) -> Store:
    """An empty store, or one with what ``inn`` stands for where a test asks for that."""
    if "inn" in request.fixturenames:
        shutil.copytree(request.getfixturevalue("template"), tmp_path, dirs_exist_ok=True)
    else:
        shutil.copytree(empty_store, tmp_path / "store")
    return open_again()


@pytest.fixture
def inn(fresh_store: Store) -> Dataset:
    return fresh_store.dataset("inn")


def rows(dataset: Dataset, at: int | None = None) -> list[tuple[Any, ...]]:
    return dataset.sql("SELECT * EXCLUDE dataset FROM entries ORDER BY ALL", at=at).fetchall()


def edit(dataset: Dataset, number: int, text: str) -> None:
    dataset.edit(dataset.page(1, number)[0].entry_id, message=0, content=text)


def bodies(store: Store) -> bytes:
    return b"\n".join(store._parts.journal.bodies())


@pytest.mark.parametrize("pending", [False, True])
def test_rows_that_a_checkpoint_rewrote_do_not_come_back(
    inn: Dataset, fresh_store: Store, open_again: Open, tmp_path: Path, pending: bool
) -> None:
    """A layer of which only some segments are still meant stays that in a new base."""
    inn.import_file(jsonl(tmp_path / "more.jsonl", [chat("four"), chat("five"), chat("six")]))
    ids = [entry.entry_id for entry in inn.page()]
    inn.delete([ids[2], ids[5]])
    fresh_store.checkpoint()
    inn.delete([ids[3]])
    fresh_store.checkpoint()
    layers = fresh_store._parts.journal.existing()[0].layers
    assert any(layer.segments is not None for layer in layers)
    inn.rename("tavern")
    if pending:
        edit(inn, 0, "edited")
    before = rows(inn)
    fresh_store.keep_history("0kB")
    assert rows(inn) == before
    assert rows(open_again().dataset("tavern")) == before


def test_content_goes_and_every_state_stays(
    inn: Dataset, fresh_store: Store, open_again: Open
) -> None:
    edit(inn, 0, CANARY)
    inn.publish("first")
    edit(inn, 0, "ONE")
    draft = inn.fork("draft")
    edit(draft, 1, "drafted")
    inn.add_tags(["kept"])
    edit(inn, 2, CANARY)
    edit(inn, 2, "THREE")
    before = rows(inn), rows(inn, 1), rows(draft)
    quarantined = fresh_store.quarantine()
    log = fresh_store.log()
    planned = fresh_store.keep_history("0kB", dry_run=True)
    assert fresh_store.log() == log
    done = fresh_store.keep_history("0kB")
    assert (done.expired, done.remaining) == (planned.expired, 0)
    assert done.old_removed
    assert fresh_store.history_limit == "0kB"
    assert CANARY.encode() not in bodies(fresh_store)
    other = open_again()
    for store in (fresh_store, other):
        dataset = store.dataset("inn")
        assert (rows(dataset), rows(dataset, 1), rows(store.dataset("inn", "draft"))) == before
        assert store.quarantine() == quarantined
        assert store.log()[1:] == log
    with pytest.raises(HistoryExpired):
        fresh_store.undo()
    with pytest.raises(HistoryExpired):
        inn.undo(to=1)
    for dataset in (inn, draft):
        with pytest.raises(HistoryExpired):
            dataset.undo()


def card(name: str, told: str) -> dict[str, Any]:
    data = {"name": name, "description": told, "first_mes": "Hi!", "mes_example": ""}
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}


def test_a_definition_goes_with_the_import_that_was_undone(
    inn: Dataset, fresh_store: Store, open_again: Open, tmp_path: Path
) -> None:
    inn.import_file(jsonl(tmp_path / "kept.jsonl", [card("Mo", "she stays"), chat("four")]))
    inn.import_file(jsonl(tmp_path / "undone.jsonl", [card("Rex", CANARY), chat("five")]))
    inn.undo()
    edit(inn, 0, "instead")
    facts = list(fresh_store._parts.journal.facts.facts.values())
    assert CANARY.encode() in bodies(fresh_store)
    fresh_store.keep_history("0kB")
    assert CANARY.encode() not in bodies(fresh_store)
    assert b"she stays" in bodies(fresh_store)
    fresh_store.close()
    again = open_again()
    *kept, _ = again._parts.journal.facts.facts.values()
    assert kept == facts
    assert again.keep_history("0kB", dry_run=True).expired == 0


def test_a_definition_that_was_replaced_goes_and_the_order_stays() -> None:
    dataset, moment = UUID(int=9), datetime(2026, 1, 1, tzinfo=UTC)

    def record(seq: int, *changes: Change, gone: bool = True) -> ChangeSet:
        end = (Expired(dataset_id=dataset),) if gone else ()
        return ChangeSet(
            set_id=UUID(int=seq), seq=seq, at=moment, summary="", changes=(*changes, *end)
        )

    def put(key: str, told: str) -> FactPut:
        return FactPut(fact=Setting(key=key, value=told))

    removed = FactRemoved(fact_kind=FactKind.SETTING, key="c")
    records = [
        record(1, put("a", "old"), put("b", "b"), put("c", "old")),
        record(2, put("a", "undone")),
        record(3, put("a", "between"), gone=False),
        record(4, put("a", "last"), removed),
        record(5, put("b", "later"), gone=False),
    ]
    standing = {UUID(int=number) for number in (1, 3, 4, 5)}
    thin = without_old_facts(records, standing)
    assert thin[0].changes[:3] == (put("a", "last"), put("b", "b"), removed)
    assert thin[1].changes[0] == FactRemoved(fact_kind=FactKind.SETTING, key="a")
    assert all(one is other for one, other in zip(thin[2:], records[2:], strict=True))
    for left_out in (set(), {3}, {5}, {3, 5}):
        there = [n for n in (0, 2, 3, 4) if n + 1 not in left_out]
        old, new = (Registry.of(some[n] for n in there) for some in (records, thin))
        assert list(old.facts.items()) == list(new.facts.items())
    assert all(
        one is other for one, other in zip(without_old_facts(thin, standing), thin, strict=True)
    )


def test_work_goes_on_above_what_expired(inn: Dataset, fresh_store: Store) -> None:
    inn.publish()
    edit(inn, 0, "ONE")
    fresh_store.keep_history("0kB")
    states = [rows(inn)]
    inn.checkout(1)
    edit(inn, 1, "TWO")
    states.append(rows(inn))
    fresh_store.checkpoint()
    fresh_store.collect_garbage()
    edit(inn, 2, "THREE")
    fresh_store.checkpoint()
    fresh_store.collect_garbage()
    inn.undo()
    assert rows(inn) == states[1]
    inn.undo()
    inn.undo()
    assert rows(inn) == states[0]
    with pytest.raises(HistoryExpired):
        inn.undo()
    inn.redo()
    inn.redo()
    assert rows(inn) == states[1]


def test_a_time_and_all(inn: Dataset, fresh_store: Store) -> None:
    edit(inn, 0, CANARY)
    report = fresh_store.keep_history("1d")
    assert report.expired == 0
    assert fresh_store.history_limit == "1d"
    inn.undo()
    inn.redo()
    fresh_store.keep_history("all")
    assert fresh_store.history_limit == "all"


@pytest.mark.parametrize("text", ["", "none", "12", "3 fortnights", "-1d", "1x", "9999999y"])
def test_limits_that_are_none(fresh_store: Store, text: str) -> None:
    with pytest.raises(HorizonInvalid):
        fresh_store.keep_history(text)


def test_limits() -> None:
    assert Horizon.of("2w") == Horizon.of("14d") == Horizon(age=timedelta(days=14))
    assert Horizon.of("500MB") == Horizon(size=500_000_000)
    for text in ("all", "30d", "12w", "1y", "500MB", "2 gb"):
        assert Horizon.of(Horizon.of(text).text) == Horizon.of(text)


def test_an_unfinished_rekey_comes_first(inn: Dataset, fresh_store: Store) -> None:
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fresh_store.rekey("another one", progress=stop)
    before = fresh_store.log()
    with pytest.raises(RekeyUnfinished):
        fresh_store.keep_history("0kB")
    with pytest.raises(RekeyUnfinished):
        inn.shred()
    assert fresh_store.log() == before


def test_backups_go_on_after_a_rebuild(inn: Dataset, fresh_store: Store, tmp_path: Path) -> None:
    fresh_store.add_remote("attic", str(tmp_path / "attic"))
    edit(inn, 0, "ONE")
    fresh_store.push()
    fresh_store.keep_history("0kB")
    report = fresh_store.push()
    assert report.up_to_date is False
    fresh_store.verify()
    restore_store(str(tmp_path / "attic"), tmp_path / "back", passphrase=PASSPHRASE)
    with rolethread_store.open(tmp_path / "back", PASSPHRASE) as back:
        assert rows(back.dataset("inn")) == rows(inn)
        back.dataset("inn").add_tags(["on"])


def test_a_rebuilt_store_can_be_checked_and_salvaged(
    inn: Dataset, fresh_store: Store, tmp_path: Path
) -> None:
    edit(inn, 0, "ONE")
    fresh_store.keep_history("0kB")
    edit(inn, 1, "TWO")
    before = [entry.messages for entry in inn.page()]
    fresh_store.close()
    path = tmp_path / "store"
    assert check_local(path, PASSPHRASE).damages == ()
    (path / "STORE").write_bytes(b"spoilt")
    found = check_local(path, PASSPHRASE)
    assert [damage.path.name for damage in found.damages] == ["STORE"]
    salvage_store(
        path, tmp_path / "saved", PASSPHRASE, new_passphrase=PASSPHRASE, kdf=floor_params()
    )
    with rolethread_store.open(tmp_path / "saved", PASSPHRASE) as saved:
        assert [entry.messages for entry in saved.dataset("inn").page()] == before


def test_drop_can_be_undone(inn: Dataset, fresh_store: Store) -> None:
    before = rows(inn)
    inn.drop()
    assert not inn.exists
    with pytest.raises(DatasetMissing):
        inn.drop()
    fresh_store.undo("inn")
    assert rows(inn) == before
    inn.drop()
    fresh_store.undo()
    assert rows(inn) == before


def test_rename(inn: Dataset, fresh_store: Store, tmp_path: Path) -> None:
    fresh_store.dataset("other").import_file(tmp_path / "inn.jsonl")
    before = rows(inn)
    draft = inn.fork("draft")
    for bad, error in (
        ("other", DatasetNameTaken),
        ("OTHER", DatasetNameTaken),
        ("inn", DatasetNameTaken),
        ("entries", DatasetNameInvalid),
        (" ", DatasetNameInvalid),
    ):
        with pytest.raises(error):
            inn.rename(bad)
    inn.rename(" Tavern ")
    assert [info.name for info in fresh_store.datasets()] == ["Tavern", "other"]
    assert rows(inn) == before
    assert rows(fresh_store.dataset("Tavern", "draft")) == before
    with pytest.raises(DatasetMissing):
        draft.count()
    fresh_store.undo()
    assert rows(fresh_store.dataset("inn")) == before
    fresh_store.dataset("inn").rename("INN")


def test_an_undo_does_not_make_two_of_one_name(
    inn: Dataset, fresh_store: Store, tmp_path: Path
) -> None:
    inn.rename("tavern")
    fresh_store.dataset("Inn").import_file(tmp_path / "inn.jsonl")
    with pytest.raises(NameInUse):
        inn.undo()
    fresh_store.dataset("Inn").rename("other")
    inn.undo()
    assert {info.name for info in fresh_store.datasets()} == {"inn", "other"}
    with pytest.raises(NameInUse):
        fresh_store.dataset("other").undo()


def test_a_limit_is_applied_again_when_it_is_due(
    inn: Dataset, fresh_store: Store, open_again: Open
) -> None:
    edit(inn, 0, CANARY)
    edit(inn, 0, "ONE")
    fresh_store.keep_history("1d")
    fresh_store.close()
    assert CANARY.encode() in bodies(open_again())
    store = open_again()
    store.dataset("inn").add_tags(["soon"])
    store._parts.journal.clock = FixedClock(datetime.now(UTC) + timedelta(days=3))
    store.close()
    again = open_again()
    assert CANARY.encode() not in bodies(again)
    assert again.dataset("inn").page(1)[0].messages[0].content == "ONE"


def test_a_shredded_dataset_leaves_nothing_to_read(
    inn: Dataset, fresh_store: Store, tmp_path: Path
) -> None:
    secret = fresh_store.dataset(f"secret {CANARY}")
    source = jsonl(tmp_path / f"{CANARY}.jsonl", [chat(CANARY, CANARY), chat("x"), f'{{"{CANARY}'])
    secret.import_file(source)
    secret.publish(CANARY)
    edit(secret, 1, CANARY)
    secret.fork(f"copy {CANARY}").add_tags([CANARY])
    fresh_store.checkpoint()
    edit(secret, 1, f"{CANARY} again")
    secret.undo()
    edit(inn, 0, "ONE")
    fresh_store.add_remote("attic", str(tmp_path / "attic"))
    before, present = rows(inn), fresh_store._parts.journal.manifest.batches
    report = secret.shred()
    assert report.remotes == ("attic",)
    assert report.segments > 0
    assert report.old_removed
    journal = fresh_store._parts.journal
    # With the store's own keys: the log, the manifest, and the segments that are left.
    assert CANARY.encode() not in bodies(fresh_store)
    assert CANARY not in journal.manifest.model_dump_json()
    left = {batch.wrapped_key for batch in journal.manifest.batches}
    gone = [batch for batch in present if batch.wrapped_key not in left]
    assert len(gone) >= 4
    names = {path.name for path in (tmp_path / "store").rglob("*")}
    for batch in gone:
        assert not any(batch.batch_id.hex in name for name in names)
    assert len([name for name in names if name.endswith(".manifest")]) == 1
    assert CANARY not in repr(fresh_store.log())
    assert [info.name for info in fresh_store.datasets()] == ["inn"]
    assert rows(inn) == before
    fresh_store.undo("inn")
    with pytest.raises(NotFound):
        fresh_store.dataset(f"secret {CANARY}").shred()
    secret.import_file(source)
    assert secret.count() == 2
    fresh_store.close()
    with rolethread_store.open(tmp_path / "store", PASSPHRASE) as again:
        assert again.dataset(f"secret {CANARY}").count() == 2
        again.dataset("inn").redo()
        assert rows(again.dataset("inn")) == before


def crash_and_recover(original: Path, path: Path, at: int, name: str) -> None:
    """Die in the middle; the store is the old one or the new one, and can do all of it."""
    shutil.copytree(original, path)
    died(path, PASSPHRASE, at, ACTS[name])
    with rolethread_store.open(path, PASSPHRASE) as store:
        inn, other = store.dataset("inn"), store.dataset("other")
        texts = [entry.messages[0].content for entry in other.page()]
        assert texts == ["ONE", "two"], at
        if inn.exists:
            assert [entry.messages[0].content for entry in inn.page()] == ["1", "two"], at
            assert inn.count(at=1) == 2
        else:
            assert name == "shred"
        if name == "keep" or inn.exists:
            ACTS[name](store)
        other.add_tags(["works"])
        assert CANARY.encode() not in bodies(store), at
        assert sum(one.name.startswith("tree-") for one in path.iterdir()) == 1, at
        assert not (path / "segments").exists(), at
    shutil.rmtree(path)


ACTS: dict[str, Callable[[Store], object]] = {
    "keep": lambda store: store.keep_history("0kB"),
    "shred": lambda store: store.dataset("inn").shred(),
}


def prepared(store: Store, tmp_path: Path, name: str) -> tuple[int, int]:
    """A store with two datasets; returns how many operations an act takes, and its switch."""
    source = jsonl(tmp_path / "two.jsonl", [chat("one"), chat("two")])
    for dataset in (store.dataset("inn"), store.dataset("other")):
        dataset.import_file(source)
    edit(store.dataset("other"), 0, "ONE")
    edit(store.dataset("inn"), 0, CANARY)
    store.dataset("inn").publish()
    edit(store.dataset("inn"), 0, "1")
    store.close()
    shutil.copytree(tmp_path / "store", tmp_path / "probe")
    operations = died(tmp_path / "probe", PASSPHRASE, NEVER, ACTS[name])
    return len(operations), switch_of(operations)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", list(ACTS))
def test_a_crash_leaves_the_old_store_or_the_new(
    fresh_store: Store, tmp_path: Path, name: str
) -> None:
    count, switch = prepared(fresh_store, tmp_path, name)
    for at in (switch // 2, switch - 1, switch, count - 2):
        crash_and_recover(tmp_path / "store", tmp_path / f"at{at}", at, name)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", list(ACTS))
def test_a_crash_anywhere_leaves_the_old_store_or_the_new(
    fresh_store: Store, tmp_path: Path, name: str
) -> None:
    count, _ = prepared(fresh_store, tmp_path, name)
    for at in range(count):
        crash_and_recover(tmp_path / "store", tmp_path / f"at{at}", at, name)


STEPS = st.lists(
    st.sampled_from(
        ["edit", "tag", "delete", "undo", "redo", "publish", "checkout", "fork", "draft",
         "checkpoint", "keep", "rekey", "reopen"]
    ),
    min_size=6, max_size=16,
)  # fmt: skip


def states(store: Store) -> list[list[tuple[Any, ...]]]:
    dataset = store.dataset("inn")
    found = [rows(store.dataset("inn", copy.name)) for copy in dataset.working_copies()]
    return found + [rows(dataset, version.number) for version in dataset.versions()]


def apply(store: Store, step: str, number: int) -> None:
    inn = store.dataset("inn")
    copies = {copy.name for copy in inn.working_copies()}
    match step:
        case "edit":
            edit(inn, number % 2, f"edit {number}")
        case "draft" if "draft" in copies:
            edit(store.dataset("inn", "draft"), number % 2, f"draft {number}")
        case "fork" if "draft" not in copies:
            inn.fork("draft")
        case "tag":
            inn.add_tags([f"t{number % 3}"])
        case "delete" if inn.count() > 3:
            inn.delete([inn.page(1, 2)[0].entry_id])
        case "undo" | "redo":
            getattr(inn, step)()
        case "publish":
            inn.publish()
        case "checkout" if inn.versions():
            inn.checkout(1 + number % len(inn.versions()))
        case "checkpoint":
            store.checkpoint()
            store.collect_garbage()
        case _:
            pass


@pytest.mark.timeout(900)
@settings(max_examples=settings().max_examples // 10 or 1)
@given(steps=STEPS)
def test_random_histories_keep_every_state(
    steps: list[str], empty_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("history") / "store"
    shutil.copytree(empty_store, path)
    passphrase = PASSPHRASE
    store = rolethread_store.open(path, passphrase)
    source = jsonl(path.parent / "in.jsonl", [chat(str(i), "reply") for i in range(5)])
    store.dataset("inn").import_file(source)
    for number, step in enumerate([*steps, "keep", "reopen", "undo"]):
        before = states(store) if store.dataset("inn").exists else []
        log = store.log()
        if step == "keep":
            # A fraction of the history, so that cuts fall anywhere in it.
            limit = Horizon(size=(number * 37) % 1500)
            keep(store._parts, limit)
            assert states(store) == before
            assert [item for item in store.log() if item.seq <= log[0].seq] == log
        elif step == "rekey":
            passphrase = f"passphrase {number}"
            store.rekey(passphrase, kdf=floor_params())
            assert states(store) == before
            assert store.log() == log
        elif step == "reopen":
            store.close()
            store = rolethread_store.open(path, passphrase)
            assert states(store) == before
        else:
            try:
                apply(store, step, number)
            except (HistoryExpired, NothingToUndo, NotFound, Conflict):
                assert states(store) == before
        if not store.dataset("inn").exists:
            store.redo("inn")
    store.close()
    shutil.rmtree(path)
