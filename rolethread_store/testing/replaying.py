"""What a crash may leave on the disk, worked out from a record of operations.

After the first *k* operations the machine stops. What a sync covered is there. Of the rest,
each write and each change of a name is there or not, a write perhaps in part, and no
order holds between them: not the order they were made in, not that of file and name. That
is at least what ext4, XFS, Btrfs and APFS may do, and more than each of them does; see
T. S. Pillai and others, "All File Systems Are Not Created Equal" (OSDI 2014), on what
applications must not rely on, and the crash tests of SQLite ("How SQLite Is Tested",
section 3.3), which damage unsynced writes the same way.

What holds: a rename or link is there as a whole or not at all; a sync of a file makes its
contents and size durable but not its name; a sync of a folder makes the names in it
durable; the two names of a rename change together.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import chain, combinations
from pathlib import PurePosixPath

from rolethread_store.testing.recording import Recorded, Tree, Verb

__all__ = ["Crash", "Left", "crashes", "killed"]

SECTOR = 512
_ALL_SUBSETS_UP_TO = 4
_MANY = 6


class Crash(StrEnum):
    """How much of what was not synced is there."""

    CLEAN = "clean"
    """All of it: the process died, the machine did not."""
    LOST = "lost"
    """Nothing of it."""
    TORN = "torn"
    """All, but the last write only in part: cut off, or with zeros in its place."""
    DROPPED = "dropped"
    """Some of it, whatever its order."""
    REORDERED = "reordered"
    """The later part of it, without the earlier."""


@dataclass(frozen=True, slots=True)
class Left:
    """One state of the disk after a crash.

    Attributes:
        after: How many operations had been done.
        crash: How it came about.
        tree: What is there.
    """

    after: int
    crash: Crash
    tree: Tree


@dataclass(slots=True)
class _Effect:
    """Something that an operation changed and that a crash may take back.

    Attributes:
        inode: The file it is about, -1 for a folder.
        offset: Where it wrote, ``None`` when it only changed names.
        content: What it wrote; ``None`` for a cut at ``offset``.
        put: The name it gave.
        taken: The name it took away.
        durable: Whether a sync covered it.
    """

    inode: int
    offset: int | None = None
    content: bytes | None = None
    put: str | None = None
    taken: str | None = None
    durable: bool = False


@dataclass(slots=True)
class _Medium:
    """A file system in which nothing is forgotten: what was there first, and every effect."""

    base: Tree
    effects: list[_Effect] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    contents: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for path, content in self.base.files.items():
            self._new_inode(path, content)

    def _new_inode(self, path: str, content: bytes = b"") -> int:
        self.names[path] = len(self.contents)
        self.contents.append(content)
        self.sizes.append(len(content))
        return self.names[path]

    def do(self, item: Recorded) -> None:
        """Take in one operation."""
        match item.verb:
            case Verb.CREATE:
                self.effects.append(_Effect(self._new_inode(item.path), put=item.path))
            case Verb.FOLDER:
                self.effects.append(_Effect(-1, put=item.path))
            case Verb.WRITE | Verb.TRUNCATE:
                self._write(item)
            case Verb.LINK | Verb.RENAME:
                inode = self.names[item.source]
                self.names[item.path] = inode
                taken = item.source if item.verb is Verb.RENAME else None
                if taken is not None:
                    del self.names[taken]
                self.effects.append(_Effect(inode, put=item.path, taken=taken))
            case Verb.REMOVE:
                self.effects.append(_Effect(self.names.pop(item.path), taken=item.path))
            case Verb.SYNC:
                self._settle_contents(self.names[item.path])
            case Verb.SYNC_FOLDER:
                self._settle_names(item.path)

    def _write(self, item: Recorded) -> None:
        inode = self.names[item.path]
        if item.verb is Verb.TRUNCATE:
            effect = _Effect(inode, offset=item.size)
            self.sizes[inode] = item.size
        else:
            effect = _Effect(inode, offset=item.size, content=item.content)
            self.sizes[inode] = max(self.sizes[inode], item.size + len(item.content))
        self.effects.append(effect)

    def _settle_contents(self, inode: int) -> None:
        for effect in self.effects:
            if effect.inode == inode and effect.offset is not None:
                effect.durable = True

    def _settle_names(self, folder: str) -> None:
        for effect in self.effects:
            name = effect.put or effect.taken
            if effect.offset is None and name is not None:
                effect.durable |= str(PurePosixPath(name).parent) == folder

    def open_effects(self) -> list[int]:
        """Return which effects no sync covers."""
        return [i for i, effect in enumerate(self.effects) if not effect.durable]

    def tree(
        self, lost: frozenset[int] = frozenset(), torn: tuple[int, bytes] | None = None
    ) -> Tree:
        """Return what is there without some effects, and with other bytes for one write."""
        contents = list(self.contents)
        names = {path: inode for inode, path in enumerate(self.base.files)}
        folders = set(self.base.folders)
        for number, effect in enumerate(self.effects):
            if number in lost:
                continue
            if effect.offset is not None:
                before = contents[effect.inode]
                written = torn[1] if torn and torn[0] == number else effect.content
                contents[effect.inode] = _changed(before, effect.offset, written)
                continue
            if effect.taken is not None:
                names.pop(effect.taken, None)
            if effect.put is not None and effect.inode < 0:
                folders.add(effect.put)
            elif effect.put is not None:
                names[effect.put] = effect.inode
        reachable = {folder for folder in folders if _parents(folder) <= folders}
        files = {p: contents[i] for p, i in names.items() if _parents(p) <= reachable}
        return Tree(files, frozenset(reachable))


@cache
def _parents(path: str) -> frozenset[str]:
    """Return the folders above a path; asked of the same few paths for thousands of trees."""
    return frozenset(str(parent) for parent in PurePosixPath(path).parents) - {"."}


def _changed(before: bytes, offset: int, written: bytes | None) -> bytes:
    """Return a file's bytes after a write or, without one, after a cut; holes are zeros."""
    if written is None:
        return before[:offset]
    if not written:
        return before
    filled = before.ljust(offset, b"\0")
    return filled[:offset] + written + filled[offset + len(written) :]


def _cuts(content: bytes, chance: random.Random, thorough: bool) -> Iterator[bytes]:
    """Yield what may be there of a write that was under way."""
    size = len(content)
    if thorough and size <= 2 * SECTOR:
        places = set(range(size))
    else:
        places = {0, 1, size // 2, size - 1, size - size % SECTOR, chance.randrange(size)}
        places |= {chance.randrange(size) for _ in range(20 if thorough else 1)}
    for place in sorted(places & set(range(size))):
        yield content[:place]
        yield content[:place].ljust(size, b"\0")
    for _ in range(8 if thorough else 2):
        sectors = [content[at : at + SECTOR] for at in range(0, size, SECTOR)]
        yield b"".join(s if chance.random() < 0.5 else bytes(len(s)) for s in sectors)


def _subsets(
    items: Sequence[int], chance: random.Random, thorough: bool
) -> Iterator[frozenset[int]]:
    """Yield sets of effects to lose: all there are of a few, some of many."""
    if len(items) <= _ALL_SUBSETS_UP_TO:
        sizes = range(1, len(items))
        yield from map(frozenset, chain.from_iterable(combinations(items, n) for n in sizes))
        return
    for _ in range(24 if thorough else _MANY):
        share = chance.random()
        yield frozenset(item for item in items if chance.random() < share)


def killed(base: Tree, operations: Sequence[Recorded]) -> Tree:
    """Return what is there when the process dies after these operations."""
    medium = _Medium(base)
    for item in operations:
        medium.do(item)
    return medium.tree()


def crashes(
    base: Tree, operations: Sequence[Recorded], seed: int, *, first: int = 0, thorough: bool = False
) -> Iterator[Left]:
    """Yield every state that is looked at, each different tree once.

    Args:
        base: What was there, durably, before the first operation.
        operations: What was done.
        seed: Picks the states where there are too many.
        first: Fewest operations after which the machine stops.
        thorough: Whether to look at many more.
    """
    seen: set[bytes] = set()
    medium = _Medium(base)
    for after in range(len(operations) + 1):
        if after:
            medium.do(operations[after - 1])
        if after < first:
            continue
        chance = random.Random(f"{seed} {after}")  # noqa: S311 - repeatable, and no secret
        for crash, tree in _states(medium, chance, thorough):
            digest = tree.digest()
            if digest not in seen:
                seen.add(digest)
                yield Left(after, crash, tree)


def _states(medium: _Medium, chance: random.Random, thorough: bool) -> Iterator[tuple[Crash, Tree]]:
    """Yield what may be there now, some of it several times."""
    unsynced = medium.open_effects()
    yield Crash.CLEAN, medium.tree()
    yield Crash.LOST, medium.tree(frozenset(unsynced))
    writes = [number for number in unsynced if medium.effects[number].content]
    for number in writes if thorough else writes[-1:]:
        for torn in _cuts(medium.effects[number].content or b"", chance, thorough):
            yield Crash.TORN, medium.tree(torn=(number, torn))
            # The name that gives the bytes their place need not be there with them.
            lost = frozenset(n for n in unsynced if n != number and chance.random() < 0.3)
            yield Crash.DROPPED, medium.tree(lost, (number, torn))
    for lost in _subsets(unsynced, chance, thorough):
        yield Crash.DROPPED, medium.tree(lost)
    counts: Sequence[int] = range(1, len(unsynced))
    if not thorough and len(counts) > _MANY:
        counts = sorted(chance.sample(counts, _MANY))
    for count in counts:
        yield Crash.REORDERED, medium.tree(frozenset(unsynced[:count]))
