"""Looking through a whole store: every file, every frame, every page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from rolethread_store.clock import SystemClock
from rolethread_store.crypto import Keyring, read_slot_header
from rolethread_store.dataset import FileDamage, Remains, StoreHeader, present_layout
from rolethread_store.engine import Session, SessionFolders
from rolethread_store.errors import Corrupt, StoreError
from rolethread_store.model import Batch, Progress, ProgressListener, unheard
from rolethread_store.segments import Rescuer, add_keys, scan
from rolethread_store.storage import Disk, Layout, new_spill_folder
from rolethread_store.store.opening import StoreMissing
from rolethread_store.store.secrets import NoUsableSlot, Secrets, key_path, root_key, slot_bytes

__all__ = ["Found", "LocalDamaged", "LocalReport", "check_local", "found_in"]


class LocalDamaged(Corrupt):
    """Files of the store are not what was written; each is named."""

    code: ClassVar[str] = "store.local-damaged"


@dataclass(frozen=True, slots=True)
class LocalReport:
    """What a look through a store found.

    Attributes:
        path: The store.
        files: Files looked at.
        bytes: Their size.
        entries: Rows that were decrypted, those that only history needs included.
        changes: Change sets that could be read.
        damages: Every damaged file.
    """

    path: Path
    files: int
    bytes: int
    entries: int
    changes: int
    damages: tuple[FileDamage, ...]

    def require_sound(self) -> None:
        """Refuse a store with damage.

        Raises:
            LocalDamaged: there is some.
        """
        if self.damages:
            names = ", ".join(sorted({damage.path.name for damage in self.damages}))
            raise LocalDamaged(
                f"damaged in this store: {names}",
                hint="restore it from a remote, or save what is left: rolethread salvage DEST",
            )


@dataclass(frozen=True, slots=True)
class Found:
    """A store that was opened as far as it can be; close its remains.

    Attributes:
        keyring: Its keys.
        remains: What its manifests, log and segments still hold.
        damages: Damaged header and key slots, and all that ``remains`` found.
        rescuer: Holds the copies of what damaged segments still have.
    """

    keyring: Keyring
    remains: Remains
    damages: list[FileDamage]
    rescuer: Rescuer | None = None

    def close(self) -> None:
        """Let go of the files, and overwrite the keys."""
        self.remains.close()
        if self.rescuer is not None:
            self.rescuer.close()
        self.keyring.wipe()


def check_local(
    path: str | Path,
    passphrase: str | None = None,
    *,
    recovery_code: str | None = None,
    key_file: str | Path | None = None,
    keyring: bool = False,
    progress: ProgressListener = unheard,
) -> LocalReport:
    """Read every file of a store and decrypt every page; nothing is changed.

    Raises:
        StoreMissing: there is no store.
        Denied: the secret opens no slot.
        NoUsableSlot: no key slot can be read, so nothing can be.
    """
    secrets = Secrets(passphrase, recovery_code, key_path(key_file), keyring)
    found = found_in(Path(path).expanduser(), secrets)
    try:
        entries = _decrypted(found, progress)
        layout = found.remains.layout
        folders = (layout.keys, layout.manifests, layout.logs, layout.segments)
        files = [layout.header, *(file for folder in folders for file in folder.iterdir())]
        sizes = [file.stat().st_size for file in files if file.is_file()]
        changes = sum(1 for _ in found.remains.history.records())
        return LocalReport(
            layout.root, len(sizes), sum(sizes), entries, changes, tuple(found.damages)
        )
    finally:
        found.close()


def found_in(path: Path, secrets: Secrets, copies: Path | None = None) -> Found:
    """Open what can be opened of a store.

    Args:
        path: The store.
        secrets: Open it.
        copies: A new folder for what damaged segments still hold, gone when the remains are
            closed; ``None`` to do without.

    Raises:
        Unavailable: the folder cannot be written.
        StoreError: see :func:`check_local`.
    """
    layout = present_layout(path.absolute())
    disk = Disk(layout.staging)
    if not layout.header.is_file() and not _trees(layout):
        raise StoreMissing(f"there is no store at {path}", hint="make one with: rolethread init")
    damages: list[FileDamage] = []
    header = None
    try:
        header = StoreHeader.decode(disk.read(layout.header))
        layout = layout.in_tree(header.tree)
    except StoreError as error:
        damages.append(FileDamage(layout.header, str(error), 0, error.code))
        layout = next(iter(_trees(layout)), layout)
    disk.stage_in(layout.staging)
    keyring = _unlocked(layout, disk, secrets, header, damages)
    rescuer = None if copies is None else Rescuer(layout, disk, keyring, copies)
    try:
        remains = Remains(layout, disk, keyring, SystemClock(), rescuer)
    except BaseException:
        if rescuer is not None:
            rescuer.close()
        raise
    if header is not None and remains.manifest.header_tag:
        try:
            keyring.require_header(header.encode(), bytes.fromhex(remains.manifest.header_tag))
        except Corrupt as error:
            damages.append(FileDamage(layout.header, str(error), 0, error.code))
    return Found(keyring, remains, [*damages, *remains.damages], rescuer)


def _trees(layout: Layout) -> list[Layout]:
    """Return the trees a store may have its files in, finished ones first."""
    names = [path.name for path in layout.root.iterdir()] if layout.root.is_dir() else []
    found = [layout.in_tree(name) for name in sorted(names) if Layout.is_tree(name)]
    with_keys = [one for one in (layout, *found) if one.keys.is_dir()]
    return sorted(with_keys, key=lambda one: one.rekey_mark.exists())


def _unlocked(
    layout: Layout,
    disk: Disk,
    secrets: Secrets,
    header: StoreHeader | None,
    damages: list[FileDamage],
) -> Keyring:
    """Open a slot with the secret given, and look at all others."""
    own: dict[UUID, list[bytes]] = {}
    for slot_id, slot in slot_bytes(layout, disk).items():
        path = layout.slot(slot_id)
        try:
            said = read_slot_header(slot)
            _require_own(said.slot_id, slot_id, said.store_id, header)
        except StoreError as error:
            damages.append(FileDamage(path, str(error), 0, error.code))
        else:
            own.setdefault(said.store_id, []).append(slot)
    refused: StoreError | None = None
    for store_id, slots in own.items():
        try:
            return Keyring(root_key(slots, store_id, secrets)[1], store_id)
        except StoreError as error:
            refused = error
    raise refused or NoUsableSlot(
        "no key slot can be read", hint="put back the keys folder from a copy or a remote"
    )


def _require_own(said: UUID, named: UUID, store_id: UUID, header: StoreHeader | None) -> None:
    if said != named:
        raise Corrupt(f"the key slot says it is {said.hex}")
    if header is not None and header.store_id != store_id:
        raise Corrupt("the key slot belongs to another store")


def _decrypted(found: Found, progress: ProgressListener) -> int:
    """Decrypt every page of every segment that has the right digest; return the rows."""
    remains = found.remains
    layout = remains.layout
    bad = {damage.path for damage in remains.damages}
    wanted = [
        (batch, batch.model_copy(update={"segments": (segment,)}))
        for batch in remains.manifest.batches
        for segment in batch.segments
        if layout.segment(batch.batch_id, segment.number) not in bad
    ]
    rows = 0
    session: Session | None = None
    for done, (_, one) in enumerate(wanted):
        progress(Progress(done, len(wanted), "segments read"))
        try:
            if session is None:
                folders = SessionFolders((layout.segments,), new_spill_folder(layout))
                session = Session(folders)
            rows += _rows_of(session, one, found.keyring, layout)
        except StoreError as error:
            path = layout.segment(one.batch_id, one.segments[0].number)
            item = FileDamage(path, str(error), one.segments[0].rows, error.code, one.kind)
            found.damages.append(item)
            # An engine that failed inside answers nothing more.
            if session is not None:
                session.close()
                session = None
    if session is not None:
        session.close()
    return rows


def _rows_of(session: Session, batch: Batch, keyring: Keyring, layout: Layout) -> int:
    add_keys(session, [batch], keyring)
    relation = scan([batch], layout, batch.kind)
    rows = int(session.rows(f"SELECT count(*), bit_xor(hash(t)) FROM ({relation}) t")[0][0])
    if rows != batch.segments[0].rows:
        raise Corrupt(f"the segment has {rows:,} rows instead of {batch.segments[0].rows:,}")
    return rows
