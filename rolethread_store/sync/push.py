"""Push: the store's sealed bytes to a remote, objects first, the head last, read back.

Nothing on the remote changes before a new head is there, and a head is written only when
everything it names was seen there with the right size. So an interrupted push leaves the
last backup as it was and some objects that the next push finds.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from rolethread_store.clock import Clock
from rolethread_store.crypto.keyring import Keyring
from rolethread_store.errors import NotFound
from rolethread_store.model.progress import Progress, ProgressListener, unheard
from rolethread_store.sync.bundle import read_bundle
from rolethread_store.sync.chunks import sha256
from rolethread_store.sync.failures import (
    RemoteDamaged,
    RemoteForeign,
    RemoteOtherKey,
)
from rolethread_store.sync.heads import read_head
from rolethread_store.sync.local import LocalFiles, PlannedFile, Source, gathered, key_bundle
from rolethread_store.sync.objects import is_whole, put_bytes, put_object
from rolethread_store.sync.plan import Plan, missing_from, planned
from rolethread_store.sync.records import (
    KEYS,
    MAX_KEYS,
    OBJECTS,
    ROOT,
    Head,
    HeadName,
    Part,
    keys_name,
    object_name,
    seal_head,
)
from rolethread_store.sync.remote import Remote
from rolethread_store.sync.reports import PushReport
from rolethread_store.sync.standing import Standing, standing_of
from rolethread_store.sync.trust import Memory, TrustBook

__all__ = ["push"]

_FEW = 4
_SAMPLE = 3
_SMALL = 2**20


def push(
    local: LocalFiles,
    keyring: Keyring,
    remote: Remote,
    clock: Clock,
    listener: ProgressListener = unheard,
) -> PushReport:
    """Bring the remote up to date with the store.

    Args:
        local: The store's files; its maker holds the writer lock meanwhile.
        keyring: The store's keys.
        remote: Where to.
        clock: Gives the moment that the head shows to people.
        listener: Told about the bytes sent.

    Raises:
        DeviceForked: Another copy of this store folder pushed as this device.
        LocalFileDamaged: A file of the store is not what was written.
        RemoteDamaged: What was sent does not come back as it was, or the last head is broken.
        RemoteForeign: The remote holds another store.
        RemoteRolledBack: The remote lost a head that this device has seen.
        RemoteUnavailable: The remote failed.
    """
    return _Push(local, keyring, remote, clock, listener).run()


class _Push:
    """One push, step by step."""

    def __init__(
        self,
        local: LocalFiles,
        keyring: Keyring,
        remote: Remote,
        clock: Clock,
        listener: ProgressListener,
    ) -> None:
        self._local = local
        self._keyring = keyring
        self._remote = remote
        self._clock = clock
        self._listener = listener
        self._book = TrustBook(local.layout, keyring)
        self._requests = remote.requests
        self._earlier_keys = 0

    def run(self) -> PushReport:
        memory = self._book.load(self._remote.url)
        standing = standing_of(self._local, memory, self._keyring, self._remote)
        files = gathered(self._local, standing.previous)
        bundle = key_bundle(self._local).encoded()
        keys = Part(sha256=sha256(bundle), size=len(bundle))
        if self._is_up_to_date(standing, files, keys):
            self._remember(standing, standing.newest)
            return self._report(standing, standing.newest, None)
        plan = self._plan(standing, files)
        if standing.previous is None or standing.previous.keys != keys or standing.memory.doubted:
            self._send_keys(keys, bundle)
        self._send(plan)
        self._confirm(plan)
        newest = self._commit(standing, plan, keys)
        return self._report(standing, newest, plan)

    def _is_up_to_date(
        self, standing: Standing, files: tuple[PlannedFile, ...], keys: Part
    ) -> bool:
        previous = standing.previous
        return (
            previous is not None
            and not standing.memory.doubted
            and previous.generation == self._local.generation
            and previous.keys == keys
            and previous.files == tuple(item.file for item in files)
        )

    def _plan(self, standing: Standing, files: tuple[PlannedFile, ...]) -> Plan:
        """Compare with the last head, and with a listing when that can save work."""
        known = standing.known
        listed: dict[str, int] = {}
        if standing.previous is None:
            everything = self._remote.listing(ROOT)
            self._require_ours(everything)
            self._require_our_key(standing)
            listed = _by_digest(everything)
        elif standing.memory.doubted or len(missing_from(files, known)) > _FEW:
            listed = _by_digest(self._remote.listing(OBJECTS))
        for digest in standing.memory.doubted:
            if digest in listed:
                part = Part(sha256=digest, size=listed[digest])
                if not self._still_whole(object_name(digest), part):
                    del listed[digest]
        return planned(files, known, listed)

    def _require_ours(self, listed: Mapping[str, int]) -> None:
        """Refuse a folder that holds another store; key bundles say whose they are."""
        for name, size in listed.items():
            folder, _, digest = name.rpartition("/")
            if folder != KEYS or size > MAX_KEYS:
                continue
            try:
                owner = read_bundle(self._remote.read(name), digest).store_id
            except (RemoteDamaged, NotFound):
                continue  # What a broken write left says nothing; ours is written below.
            if owner != self._local.store_id:
                raise RemoteForeign(
                    f"{self._remote.url} holds the backup of another store ({owner})",
                    hint="Give every store a remote folder of its own.",
                )

    def _require_our_key(self, standing: Standing) -> None:
        """Refuse a folder with backups from before a rekey: no restore could tell them apart."""
        for name in sorted(standing.index.names, key=lambda one: -one.seq)[:1]:
            try:
                read_head(self._remote, name, standing.index.names[name], self._keyring)
            except RemoteForeign as error:
                raise RemoteOtherKey(
                    f"{self._remote.url} holds backups of this store under another key; "
                    "nothing was sent",
                    hint="a store that was rekeyed needs a new remote folder: "
                    "rolethread remote add NAME URL",
                ) from error
            except RemoteDamaged:
                continue

    def _still_whole(self, name: str, part: Part) -> bool:
        try:
            return is_whole(self._remote, name, part)
        except NotFound:
            return False

    def _send_keys(self, keys: Part, bundle: bytes) -> None:
        """Send the present key slots, and count the earlier sets that lie there.

        They are left: a name is never removed from a remote, and removing one would call
        back no copy that somebody made of it.
        """
        name = keys_name(keys.sha256)
        put_bytes(self._remote, name, bundle)
        self._prove(name, keys, "key bundle")
        self._earlier_keys = len(self._remote.listing(KEYS).keys() - {name})

    def _send(self, plan: Plan) -> None:
        sent = 0
        for source in plan.send:
            self._listener(Progress(sent, plan.bytes, "bytes sent"))
            put_object(self._remote, source)
            sent += source.part.size
        self._listener(Progress(sent, plan.bytes, "bytes sent"))

    def _confirm(self, plan: Plan) -> None:
        """See every new object on the remote, and read some of them back.

        A few small ones are all read, which proves size and digest in one request each.
        """
        arrived = plan.send + plan.found
        sizes = [source.part.size for source in arrived]
        if len(arrived) <= _FEW and max(sizes, default=0) <= _SMALL:
            sample = list(arrived)
        else:
            listed = _by_digest(self._remote.listing(OBJECTS))
            for source in arrived:
                self._require(self._size(source, listed) == source.part.size, _describe(source))
            sample = random.SystemRandom().sample(arrived, min(_SAMPLE, len(arrived)))
        for source in sample:
            self._prove(object_name(source.part.sha256), source.part, _describe(source))

    def _size(self, source: Source, listed: Mapping[str, int]) -> int | None:
        """Return an object's size; a late listing is no proof of absence."""
        digest = source.part.sha256
        return listed[digest] if digest in listed else self._remote.size(object_name(digest))

    def _prove(self, name: str, part: Part, what: str) -> None:
        """Read an object back and compare its digest."""
        self._require(self._still_whole(name, part), what)

    def _require(self, proven: bool, what: str) -> None:
        if not proven:
            raise RemoteDamaged(
                f"{self._remote.url} does not give back what was sent ({what})",
                hint="Push again. If it happens again, do not rely on this remote.",
                damaged=(what,),
            )

    def _commit(self, standing: Standing, plan: Plan, keys: Part) -> HeadName:
        """Write the head, read it back and remember it."""
        device = self._local.device_id
        seq = standing.newest.seq + 1 if standing.newest is not None else 1
        head = Head(
            store_id=self._local.store_id,
            device=device,
            seq=seq,
            previous=standing.newest.sha256 if standing.newest is not None else None,
            generation=self._local.generation,
            keys=keys,
            files=plan.files,
            objects=plan.objects,
            bytes=plan.total_bytes,
            created_at=self._clock.now(),
            seen=standing.others(self._local.device_id),
            includes=standing.includes,
        )
        sealed = seal_head(head, self._keyring)
        name = HeadName(device, seq, sha256(sealed))
        pending = standing.memory.model_copy(update={"pending": name.seen})
        self._book.save(self._remote.url, pending)
        put_bytes(self._remote, name.name, sealed)
        self._prove(name.name, Part(sha256=name.sha256, size=len(sealed)), str(name))
        self._remember(replace(standing, memory=pending), name)
        return name

    def _remember(self, standing: Standing, newest: HeadName | None) -> None:
        """Save what was seen, if it is news."""
        heads = {**standing.memory.heads, **standing.others(self._local.device_id)}
        if newest is not None:
            heads[newest.device] = newest.seen
        memory = Memory(heads=heads, includes=standing.includes)
        if memory != standing.memory:
            self._book.save(self._remote.url, memory)

    def _report(self, standing: Standing, newest: HeadName | None, plan: Plan | None) -> PushReport:
        included = standing.includes
        unmerged = tuple(
            device
            for device, seen in standing.others(self._local.device_id).items()
            if device not in included or included[device].seq < seen.seq
        )
        return PushReport(
            objects_sent=len(plan.send) if plan is not None else 0,
            bytes_sent=plan.bytes if plan is not None else 0,
            already_there=(plan.known + len(plan.found))
            if plan is not None
            else len(standing.known),
            requests=self._remote.requests - self._requests,
            head_seq=newest.seq if newest is not None else 0,
            up_to_date=plan is None,
            unmerged=unmerged,
            earlier_keys=self._earlier_keys,
        )


def _by_digest(listed: Mapping[str, int]) -> dict[str, int]:
    """Return digest and size of the objects in a listing."""
    return {
        name.rpartition("/")[2]: size
        for name, size in listed.items()
        if name == object_name(name.rpartition("/")[2])
    }


def _describe(source: Source) -> str:
    return f"{source.path.name} (object {source.part.sha256[:12]}…)"
