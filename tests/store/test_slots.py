"""Key slots of an open store: more ways in, fewer ways in, and never none."""

from __future__ import annotations

import errno
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest

import rolethread_store
from rolethread_store.clock import SystemClock
from rolethread_store.crypto import (
    LabelUnusable,
    PassphraseUnusable,
    RecoveryCodeMistyped,
    SecretWiped,
    SlotDamaged,
    WrongKeyFile,
    WrongKeyringKey,
    WrongPassphrase,
    floor_params,
    new_code,
    new_key_file,
)
from rolethread_store.crypto.key_file import KeyFileUnusable
from rolethread_store.errors import Corrupt, StoreError
from rolethread_store.storage import KeyFileExposed, Layout, SystemKeyringMissing, write_key_file
from rolethread_store.store import NewSlot, Store, slots_of
from rolethread_store.store.opening import Unlocked, unlock
from rolethread_store.store.secrets import NoSecret, NoUsableSlot, Secrets
from rolethread_store.store.slot_list import SlotAmbiguous, SlotMissing
from rolethread_store.store.slots import (
    KeyFileInsideStore,
    SlotKindUnknown,
    SlotNeeded,
    TooManySlots,
)
from rolethread_store.testing.disk import Fault, FaultyDisk
from rolethread_store.testing.keyrings import KeyringLibrary
from tests.scenes import PASSPHRASE

NEW = "five other words entirely here"
QUICK = floor_params()


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> KeyringLibrary:
    made = KeyringLibrary()
    for name, module in made.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return made


def kinds(store: Store) -> list[str]:
    return [slot.kind for slot in store.slots()]


def opens(path: Path, **secret: object) -> bool:
    """Whether a secret opens the store; a wrong one is refused and nothing else goes wrong."""
    try:
        rolethread_store.open(path, **secret).close()  # type: ignore[arg-type]
    except (WrongPassphrase, WrongKeyFile, WrongKeyringKey, NoUsableSlot):
        return False
    return True


def test_a_new_store_has_two_slots_and_is_open_by_the_first(fresh_store: Store) -> None:
    first, second = fresh_store.slots()
    assert (first.kind, first.label, first.in_use) == ("passphrase", "passphrase", True)
    assert (second.kind, second.label, second.in_use) == ("recovery-code", "recovery code", False)
    unopened = slots_of(fresh_store.path)
    assert [one.slot_id for one in unopened] == [first.slot_id, second.slot_id]
    assert not any(one.in_use or one.problem for one in unopened)


def test_every_kind_of_slot_opens_the_store(
    fresh_store: Store, tmp_path: Path, library: KeyringLibrary
) -> None:
    path, key_file = fresh_store.path, tmp_path / "my.key"
    fresh_store.add_slot("passphrase", passphrase=NEW, label="laptop", kdf=QUICK)
    code = fresh_store.add_slot("recovery-code").recovery_code
    fresh_store.add_slot("key-file", key_file=key_file, label="stick")
    fresh_store.add_slot("keyring")
    assert kinds(fresh_store) == [
        "passphrase", "recovery-code", "passphrase", "recovery-code", "key-file", "keyring",
    ]  # fmt: skip
    fresh_store.close()
    for secret in (
        {"passphrase": PASSPHRASE},
        {"passphrase": NEW},
        {"recovery_code": code},
        {"key_file": key_file},
        {"key_file": str(key_file)},
        {"keyring": True},
    ):
        assert opens(path, **secret)
    with rolethread_store.open(path, key_file=key_file) as store:
        assert [one.label for one in store.slots() if one.in_use] == ["stick"]
    with pytest.raises(NoSecret):
        rolethread_store.open(path)


def test_one_key_file_may_open_two_stores(
    fresh_store: Store, empty_store: Path, tmp_path: Path
) -> None:
    key_file = tmp_path / "my.key"
    fresh_store.add_slot("key-file", key_file=key_file)
    content = key_file.read_bytes()
    other = tmp_path / "other"
    with rolethread_store.create(other, passphrase="another store", kdf=QUICK) as store:
        store.add_slot("key-file", key_file=key_file)
    assert key_file.read_bytes() == content
    assert opens(other, key_file=key_file)
    foreign = tmp_path / "foreign.key"
    with rolethread_store.open(other, key_file=key_file) as store:
        store.add_slot("key-file", key_file=foreign)
    fresh_store.close()
    assert not opens(fresh_store.path, key_file=foreign)


def test_a_refused_addition_changes_nothing(fresh_store: Store, tmp_path: Path) -> None:
    diary = tmp_path / "diary.txt"
    diary.write_text("dear diary")
    diary.chmod(0o600)
    exposed = tmp_path / "exposed.key"
    fresh_store.add_slot("key-file", key_file=exposed)
    exposed.chmod(0o644)
    before = fresh_store.slots()
    inside = fresh_store.path / "keys" / "my.key"
    refusals: list[tuple[type[StoreError], dict[str, object]]] = [
        (PassphraseUnusable, {"kind": "passphrase", "passphrase": "", "kdf": QUICK}),
        (SlotKindUnknown, {"kind": "passphrase"}),
        (SlotKindUnknown, {"kind": "key-file"}),
        (SlotKindUnknown, {"kind": "fingerprint"}),
        (LabelUnusable, {"kind": "recovery-code", "label": "x" * 101}),
        (LabelUnusable, {"kind": "key-file", "key_file": tmp_path / "a.key", "label": "x" * 101}),
        (KeyFileUnusable, {"kind": "key-file", "key_file": diary}),
        (KeyFileExposed, {"kind": "key-file", "key_file": exposed}),
        (KeyFileInsideStore, {"kind": "key-file", "key_file": inside}),
    ]
    for refusal, arguments in refusals:
        with pytest.raises(refusal):
            fresh_store.add_slot(**arguments)  # type: ignore[arg-type]
    assert fresh_store.slots() == before
    assert diary.read_text() == "dear diary"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diary.txt", "exposed.key", "store"]


def test_without_the_extra_the_keyring_is_refused(
    fresh_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SystemKeyringMissing):
        fresh_store.add_slot("keyring")
    assert len(fresh_store.slots()) == 2


def test_the_slot_in_use_stays_until_another_is_proven(fresh_store: Store) -> None:
    used, code_slot = fresh_store.slots()
    with pytest.raises(SlotNeeded, match="open by this slot"):
        fresh_store.remove_slot(used.slot_id)
    assert fresh_store.remove_slot("recovery code") == code_slot
    with pytest.raises(SlotNeeded):
        fresh_store.remove_slot("passphrase")
    made = fresh_store.add_slot("recovery-code")
    assert fresh_store.remove_slot(str(used.slot_id)).slot_id == used.slot_id
    with pytest.raises(SlotNeeded, match="no other slot is proven"):
        fresh_store.remove_slot(made.slot.slot_id)
    fresh_store.close()
    assert opens(fresh_store.path, recovery_code=made.recovery_code)
    assert not opens(fresh_store.path, passphrase=PASSPHRASE)


def test_a_damaged_slot_proves_nothing(fresh_store: Store) -> None:
    used = fresh_store.slots()[0]
    made = fresh_store.add_slot("recovery-code").slot
    layout = Layout(fresh_store.path)
    layout.slot(made.slot_id).write_bytes(b"RTSK spoilt")
    with pytest.raises(SlotNeeded):
        fresh_store.remove_slot(used.slot_id)
    listed = fresh_store.slots()
    assert [(one.kind, bool(one.problem)) for one in listed][-1] == ("unreadable", True)
    assert fresh_store.remove_slot(made.slot_id).kind == "unreadable"


def test_a_slot_under_another_name_is_shown_and_proves_nothing(fresh_store: Store) -> None:
    used = fresh_store.slots()[0]
    layout = Layout(fresh_store.path)
    copy = uuid4()
    shutil.copy(layout.slot(used.slot_id), layout.slot(copy))
    shown = next(one for one in fresh_store.slots() if one.slot_id == copy)
    assert "name of another" in (shown.problem or "")
    with pytest.raises(SlotNeeded):
        fresh_store.remove_slot(used.slot_id)


def test_slots_go_by_id_label_or_kind(fresh_store: Store) -> None:
    for label in ("one", "two", "two"):
        fresh_store.add_slot("passphrase", passphrase=NEW, label=label, kdf=QUICK)
    for missing in ("three", str(UUID(int=5)), "", "keyring"):
        with pytest.raises(SlotMissing):
            fresh_store.remove_slot(missing)
    with pytest.raises(SlotAmbiguous):
        fresh_store.remove_slot("two")
    assert fresh_store.remove_slot("one").label == "one"
    assert fresh_store.remove_slot("recovery-code").kind == "recovery-code"


def test_removing_a_keyring_slot_clears_the_keyring(
    fresh_store: Store, library: KeyringLibrary
) -> None:
    fresh_store.add_slot("keyring")
    assert len(library.kept) == 1
    fresh_store.remove_slot("keyring")
    assert not library.kept
    fresh_store.add_slot("keyring")
    library.refuse()
    assert fresh_store.remove_slot("keyring").kind == "keyring"


def test_a_keyring_without_our_key_denies(fresh_store: Store, library: KeyringLibrary) -> None:
    fresh_store.add_slot("keyring")
    path = fresh_store.path
    fresh_store.close()
    (name,) = library.kept
    library.kept[name] = "00" * 32
    assert not opens(path, keyring=True)
    library.kept[name] = "no hex"
    with pytest.raises(SlotDamaged) as caught:
        rolethread_store.open(path, keyring=True)
    assert "no hex" not in str(caught.value)
    library.kept.clear()
    assert not opens(path, keyring=True)


def test_there_are_at_most_32_slots(fresh_store: Store) -> None:
    for _ in range(30):
        fresh_store.add_slot("recovery-code")
    with pytest.raises(TooManySlots):
        fresh_store.add_slot("recovery-code")
    assert len(fresh_store.slots()) == 32


def test_the_passphrase_changes_and_nothing_else(fresh_store: Store) -> None:
    before, code_slot = fresh_store.slots()
    made = fresh_store.change_passphrase(NEW, kdf=QUICK)
    assert (made.kind, made.label) == ("passphrase", before.label)
    assert [one.slot_id for one in fresh_store.slots()] == [code_slot.slot_id, made.slot_id]
    assert fresh_store.slots()[1].in_use
    third = fresh_store.change_passphrase(NEW + "!", kdf=QUICK)
    fresh_store.close()
    assert opens(fresh_store.path, passphrase=NEW + "!")
    assert not opens(fresh_store.path, passphrase=NEW)
    assert not opens(fresh_store.path, passphrase=PASSPHRASE)
    assert third.slot_id != made.slot_id


def test_a_forgotten_passphrase_is_replaced_with_the_recovery_code(fresh_store: Store) -> None:
    code = fresh_store.add_slot("recovery-code").recovery_code
    fresh_store.close()
    with rolethread_store.open(fresh_store.path, recovery_code=code) as store:
        store.change_passphrase(NEW, kdf=QUICK)
        assert kinds(store).count("passphrase") == 1
    assert opens(fresh_store.path, passphrase=NEW)
    assert not opens(fresh_store.path, passphrase=PASSPHRASE)


def test_of_several_passphrases_the_one_meant_is_changed(fresh_store: Store) -> None:
    code = fresh_store.add_slot("recovery-code").recovery_code
    fresh_store.add_slot("passphrase", passphrase=NEW, label="laptop", kdf=QUICK)
    fresh_store.close()
    path = fresh_store.path
    with rolethread_store.open(path, recovery_code=code) as store:
        with pytest.raises(SlotAmbiguous):
            store.change_passphrase("third of them", kdf=QUICK)
        with pytest.raises(WrongPassphrase):
            store.change_passphrase("third of them", old="none of them", kdf=QUICK)
        changed = store.change_passphrase("third of them", old=NEW, kdf=QUICK)
        assert changed.label == "laptop"
    assert opens(path, passphrase=PASSPHRASE)
    assert opens(path, passphrase="third of them")
    assert not opens(path, passphrase=NEW)


def test_an_empty_passphrase_changes_nothing(fresh_store: Store) -> None:
    before = fresh_store.slots()
    with pytest.raises(PassphraseUnusable):
        fresh_store.change_passphrase("", kdf=QUICK)
    assert fresh_store.slots() == before


def faulty(path: Path) -> tuple[Store, FaultyDisk]:
    unlocked = unlock(path, Secrets(PASSPHRASE))
    disk = FaultyDisk(unlocked.layout.staging)
    store = Store(
        Unlocked(unlocked.layout, disk, unlocked.header, unlocked.keyring, unlocked.opened_with),
        SystemClock(),
    )
    return store, disk


@pytest.mark.parametrize("lasting", [False, True])
def test_a_change_that_fails_anywhere_leaves_a_way_in(
    empty_store: Path, tmp_path: Path, lasting: bool
) -> None:
    """Every disk operation fails in turn: the old passphrase works, the new one, or both."""
    at, outcomes = 0, set()
    while True:
        path = tmp_path / f"store-{at}"
        shutil.copytree(empty_store, path)
        store, disk = faulty(path)
        store.add_slot("recovery-code")  # The writer's own start is not the subject.
        disk.arm(Fault(at, errno.EIO, lasting=lasting))
        with suppress(StoreError):
            store.change_passphrase(NEW, kdf=QUICK)
        failed = disk.failures
        disk.arm(None)
        store.close()
        old, new = opens(path, passphrase=PASSPHRASE), opens(path, passphrase=NEW)
        assert old or new
        outcomes.add((old, new))
        if not failed:
            assert (old, new) == (False, True)
            break
        at += 1
    assert at > 8
    assert (True, False) in outcomes


@pytest.mark.parametrize("kind", ["key-file", "keyring", "recovery-code"])
def test_an_addition_that_fails_anywhere_leaves_nothing(
    empty_store: Path, tmp_path: Path, kind: str, library: KeyringLibrary
) -> None:
    at = 0
    while True:
        path, key_file = tmp_path / f"store-{at}", tmp_path / f"{at}.key"
        shutil.copytree(empty_store, path)
        store, disk = faulty(path)
        store.add_slot("recovery-code")
        before = store.slots()
        disk.arm(Fault(at, errno.ENOSPC))
        made: NewSlot | None = None
        with suppress(StoreError):
            made = store.add_slot(kind, key_file=key_file)
        failed = disk.failures
        disk.arm(None)
        if not failed:
            assert made is not None
            break
        if made is None:
            assert store.slots() == before
            assert not key_file.exists()
            assert not library.kept
        store.close()
        at += 1
    store.close()
    assert at > 5


def test_other_slots_open_whatever_is_in_one(fresh_store: Store) -> None:
    """A slot that is damaged, forged, newer, huge or foreign never locks the store."""
    fresh_store.close()
    layout = Layout(fresh_store.path)
    good = layout.slot(fresh_store.slots()[0].slot_id).read_bytes()
    weak = good.replace(b'"memory_kib":65536', b'"memory_kib":65535')
    first = layout.slot(UUID(int=0))  # Slots are tried in the order of their names.
    for content in (b"", b"RTSK\x02" + bytes(200), weak, b"x" * 2**20, good[:-1]):
        first.write_bytes(content)
        assert opens(fresh_store.path, passphrase=PASSPHRASE)
        assert not opens(fresh_store.path, passphrase="wrong")


def test_why_no_slot_opens_is_said(fresh_store: Store) -> None:
    used, code_slot = fresh_store.slots()
    fresh_store.close()
    path, layout = fresh_store.path, Layout(fresh_store.path)
    key = path.parent / "my.key"
    write_key_file(key, new_key_file())
    with pytest.raises(NoUsableSlot, match="key file"):
        rolethread_store.open(path, key_file=key)
    with pytest.raises(RecoveryCodeMistyped):
        rolethread_store.open(path, recovery_code="x")
    layout.slot(used.slot_id).unlink()
    with pytest.raises(NoUsableSlot, match="passphrase"):
        rolethread_store.open(path, passphrase=PASSPHRASE)
    layout.slot(code_slot.slot_id).write_bytes(b"")
    with pytest.raises(Corrupt):
        rolethread_store.open(path, recovery_code=new_code())


def test_a_closed_store_has_no_keys(fresh_store: Store) -> None:
    keyring = fresh_store._parts.journal.keyring
    fresh_store.close()
    fresh_store.close()
    for secret in (keyring.root, keyring.log_key, keyring.manifest_key, keyring.head_key):
        with pytest.raises(SecretWiped):
            secret.reveal()
    with pytest.raises(StoreError):
        fresh_store.add_slot("recovery-code")
    assert len(slots_of(fresh_store.path)) == 2
