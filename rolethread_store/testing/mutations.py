"""Ways to tamper with a store's folder, by accident or on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from rolethread_store.testing.recording import Tree

__all__ = ["OPERATORS", "Tampering", "sealed_paths"]

BLOCK = 512
_SEALED = ("keys", "manifests", "log", "segments")


def sealed_paths(files: Mapping[str, bytes]) -> list[str]:
    """Return the files that mean something: the header and all that is sealed."""
    return sorted(
        path
        for path in files
        if PurePosixPath(path).parent.name in _SEALED or PurePosixPath(path).name == "STORE"
    )


@dataclass
class Tampering:
    """One store to be tampered with, and what there is to do it with.

    Attributes:
        files: The store's files; operators change them.
        older: The same store earlier.
        foreign: Another store of the same owner, with the same passphrase.
        chance: Chooses.
    """

    files: dict[str, bytes]
    older: Tree
    foreign: Tree
    chance: random.Random

    def one(self, *, folder: str | None = None, least: int = 1) -> str:
        """Choose a file that means something, of at least so many bytes."""
        return self.chance.choice(
            [
                path
                for path in sealed_paths(self.files)
                if len(self.files[path]) >= least
                and (folder is None or PurePosixPath(path).parent.name == folder)
            ]
        )

    def two(self) -> tuple[str, str]:
        """Choose two files of one kind."""
        while True:
            first = self.one()
            kind = PurePosixPath(first).parent.name
            others = [p for p in sealed_paths(self.files) if PurePosixPath(p).parent.name == kind]
            if len(others) > 1 and PurePosixPath(first).name != "STORE":
                others.remove(first)
                return first, self.chance.choice(others)

    def rewrite(self, change: Callable[[bytes], bytes], least: int = 1) -> None:
        """Change the bytes of one file."""
        path = self.one(least=least)
        self.files[path] = change(self.files[path])

    def place(self, content: bytes, span: int = 1) -> int:
        """Choose where a span of bytes begins."""
        return self.chance.randrange(max(1, len(content) - span + 1))

    def new_name(self, path: str) -> str:
        """Return a name of the same form that no file has."""
        old = PurePosixPath(path)
        digits = f"{self.chance.getrandbits(128):032x}"
        name = {
            "keys": f"{digits}.slot",
            "manifests": f"{self.chance.randrange(3, 90):016x}.manifest",
            "log": f"{self.chance.randrange(1, 90):08d}-{digits}.log",
            "segments": f"{digits}-{self.chance.randrange(3):04d}.parquet",
        }[old.parent.name]
        return str(old.with_name(name))


def _overwritten(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def _flip_bits(case: Tampering, count: int) -> None:
    def flip(content: bytes) -> bytes:
        changed = bytearray(content)
        for _ in range(count):
            changed[case.chance.randrange(len(changed))] ^= 1 << case.chance.randrange(8)
        return bytes(changed)

    case.rewrite(flip)


def _flip_a_byte(case: Tampering) -> None:
    case.rewrite(
        lambda c: _overwritten(
            c, at := case.place(c), bytes([c[at] ^ case.chance.randrange(1, 256)])
        )
    )


def _zero(case: Tampering, span: int) -> None:
    case.rewrite(
        lambda c: _overwritten(c, at := case.place(c, span), bytes(len(c[at : at + span])))
    )


def _garbage(case: Tampering) -> None:
    case.rewrite(
        lambda c: _overwritten(
            c, at := case.place(c, BLOCK), case.chance.randbytes(len(c[at : at + BLOCK]))
        )
    )


def _cut_anywhere(case: Tampering) -> None:
    case.rewrite(lambda c: c[: case.chance.randrange(len(c))])


def _cut_the_last_byte(case: Tampering) -> None:
    case.rewrite(lambda c: c[:-1])


def _empty(case: Tampering) -> None:
    case.rewrite(lambda _: b"")


def _cut_the_front(case: Tampering) -> None:
    case.rewrite(lambda c: c[case.chance.randrange(1, len(c)) :], least=2)


def _extend_with_zeros(case: Tampering) -> None:
    case.rewrite(lambda c: c + bytes(case.chance.randrange(1, 5000)))


def _extend_with_garbage(case: Tampering) -> None:
    case.rewrite(lambda c: c + case.chance.randbytes(case.chance.randrange(1, 5000)))


def _extend_with_itself(case: Tampering) -> None:
    case.rewrite(lambda c: c + c)


def _extend_with_another(case: Tampering) -> None:
    first, second = case.two()
    case.files[first] += case.files[second]


def _remove_a_byte(case: Tampering) -> None:
    case.rewrite(lambda c: c[: (at := case.place(c))] + c[at + 1 :])


def _insert_a_byte(case: Tampering) -> None:
    case.rewrite(lambda c: c[: (at := case.place(c))] + case.chance.randbytes(1) + c[at:])


def _swap_blocks(case: Tampering) -> None:
    def swap(content: bytes) -> bytes:
        half = len(content) // 2
        return content[half:] + content[:half]

    case.rewrite(swap, least=2)


def _repeat_a_block(case: Tampering) -> None:
    case.rewrite(lambda c: c[: (at := case.place(c, BLOCK)) + BLOCK] + c[at:])


def _delete(case: Tampering) -> None:
    del case.files[case.one()]


def _swap_files(case: Tampering) -> None:
    first, second = case.two()
    files = case.files
    files[first], files[second] = files[second], files[first]


def _copy_over_another(case: Tampering) -> None:
    first, second = case.two()
    case.files[first] = case.files[second]


def _duplicate(case: Tampering) -> None:
    first, _ = case.two()
    case.files[case.new_name(first)] = case.files[first]


def _relabel(case: Tampering) -> None:
    first, _ = case.two()
    case.files[case.new_name(first)] = case.files.pop(first)


def _replay_a_file(case: Tampering) -> None:
    """Put an earlier state of one file back, in its place."""
    changed = [p for p in case.older.files if case.files.get(p) not in (None, case.older.files[p])]
    path = case.chance.choice(changed or sealed_paths(case.older.files))
    case.files[path] = case.older.files[path]


def _replay_manifests(case: Tampering) -> None:
    """Put the manifests of an earlier time back, and keep everything else."""
    _replay_folder(case, "manifests")


def _replay_as_newest(case: Tampering) -> None:
    """Give an earlier manifest the name of a later one."""
    old = [p for p in sealed_paths(case.older.files) if p.endswith(".manifest")]
    now = max(p for p in sealed_paths(case.files) if p.endswith(".manifest"))
    name = PurePosixPath(now)
    later = name.with_name(f"{int(name.stem, 16) + 1:016x}.manifest")
    case.files[str(later)] = case.older.files[case.chance.choice(old)]


def _replay_folder(case: Tampering, folder: str) -> None:
    for path in [p for p in case.files if PurePosixPath(p).parent.name == folder]:
        del case.files[path]
    for path, content in case.older.files.items():
        if PurePosixPath(path).parent.name == folder:
            case.files[path] = content


def _replay_segments(case: Tampering) -> None:
    _replay_folder(case, "segments")


def _foreign(case: Tampering, folder: str | None = None) -> str:
    paths = sealed_paths(case.foreign.files)
    kinds = [p for p in paths if folder is None or PurePosixPath(p).parent.name == folder]
    return case.chance.choice(kinds)


def _splice_over(case: Tampering) -> None:
    """Put another store's file in the place of one of the same kind."""
    path = case.one()
    theirs = "STORE" if path.endswith("STORE") else PurePosixPath(path).parent.name
    if theirs == "STORE":
        case.files[path] = case.foreign.files[path]
    else:
        case.files[path] = case.foreign.files[_foreign(case, theirs)]


def _splice_in(case: Tampering) -> None:
    """Add another store's file under its own name."""
    path = _foreign(case)
    case.files.setdefault(path, case.foreign.files[path])


def _splice_folder(case: Tampering) -> None:
    """Put another store's folder in the place of one."""
    folder = case.chance.choice(_SEALED)
    for path in [p for p in case.files if PurePosixPath(p).parent.name == folder]:
        del case.files[path]
    for path, content in case.foreign.files.items():
        if PurePosixPath(path).parent.name == folder:
            case.files[path] = content


def _other_kind(case: Tampering) -> None:
    """Put a file of one kind in the place of one of another."""
    case.files[case.one()] = case.files[case.one()]


OPERATORS: dict[str, Callable[[Tampering], None]] = {
    "flip a bit": lambda case: _flip_bits(case, 1),
    "flip ten bits": lambda case: _flip_bits(case, 10),
    "flip a byte": _flip_a_byte,
    "zero sixteen bytes": lambda case: _zero(case, 16),
    "zero a block": lambda case: _zero(case, BLOCK),
    "garbage in a block": _garbage,
    "cut anywhere": _cut_anywhere,
    "cut the last byte": _cut_the_last_byte,
    "cut the front": _cut_the_front,
    "empty": _empty,
    "extend with zeros": _extend_with_zeros,
    "extend with garbage": _extend_with_garbage,
    "extend with itself": _extend_with_itself,
    "extend with another file": _extend_with_another,
    "remove a byte": _remove_a_byte,
    "insert a byte": _insert_a_byte,
    "swap halves": _swap_blocks,
    "repeat a block": _repeat_a_block,
    "delete": _delete,
    "swap two files": _swap_files,
    "copy over another": _copy_over_another,
    "duplicate under another name": _duplicate,
    "relabel": _relabel,
    "replay a file": _replay_a_file,
    "replay the manifests": _replay_manifests,
    "replay a manifest as the newest": _replay_as_newest,
    "replay the segments": _replay_segments,
    "splice over a file": _splice_over,
    "splice a file in": _splice_in,
    "splice a folder": _splice_folder,
    "a file of another kind": _other_kind,
}
"""Operators by name."""
