"""``check_local`` and ``salvage`` on stores whose files lie where a rekey or expiry put them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.crypto import floor_params
from rolethread_store.store import Store
from tests.scenes import PASSPHRASE, chat, jsonl


def with_new_keys(store: Store) -> None:
    store.rekey(PASSPHRASE, kdf=floor_params())


def with_short_history(store: Store) -> None:
    store.keep_history("0MB")


def both(store: Store) -> None:
    with_new_keys(store)
    with_short_history(store)


@pytest.mark.parametrize(
    "rebuilt",
    [
        both,
        pytest.param(with_new_keys, marks=pytest.mark.deep),
        pytest.param(with_short_history, marks=pytest.mark.deep),
    ],
)
@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
def test_a_rebuilt_store(
    fresh_store: Store, tmp_path: Path, rebuilt: Callable[[Store], None], header: bool
) -> None:
    tavern = fresh_store.dataset("tavern")
    tavern.import_file(jsonl(tmp_path / "a.jsonl", [chat(f"q{n}", f"a{n}") for n in range(5)]))
    ids = [entry.entry_id for entry in tavern.page()]
    tavern.publish("first")
    for n, entry in enumerate(ids):
        tavern.edit(entry, message=0, content=f"edited {n}")
    fresh_store.checkpoint()
    tavern.delete(ids[:1])
    rebuilt(fresh_store)
    tavern.edit(ids[4], message=1, content="last")
    expected = [entry.messages for entry in tavern.page()]
    path = fresh_store.path
    fresh_store.close()
    if not header:
        (path / "STORE").unlink()
    report = rolethread_store.check_local(path, PASSPHRASE)
    assert [damage.path.name for damage in report.damages] == ([] if header else ["STORE"])
    saved = rolethread_store.salvage(
        path, tmp_path / "new", PASSPHRASE, new_passphrase="new", kdf=floor_params()
    )
    assert (saved.unreadable, saved.left_out) == (0, ())
    with rolethread_store.open(tmp_path / "new", recovery_code=saved.recovery_code) as new:
        assert [entry.messages for entry in new.dataset("tavern").page()] == expected
