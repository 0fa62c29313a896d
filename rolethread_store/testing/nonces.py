"""Every seal of the program, counted: no nonce twice under a key, no key used too often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rolethread_store.changelog.frame import MAX_FRAMES
from rolethread_store.crypto import aead

__all__ = ["SealCount", "counted_seals"]


@dataclass
class SealCount:
    """What was sealed.

    Attributes:
        seen: Every pair of key (first 16 bytes of its SHA-256) and nonce.
        repeated: Pairs that came more than once.
        limit: Most seals one key may make.
    """

    seen: set[tuple[bytes, int]] = field(default_factory=set)
    repeated: list[tuple[bytes, int]] = field(default_factory=list)
    limit: int = MAX_FRAMES

    def note(self, key: bytes, nonce: int) -> None:
        """Take in one seal."""
        if (key, nonce) in self.seen:
            self.repeated.append((key, nonce))
        self.seen.add((key, nonce))

    @property
    def seals(self) -> int:
        """How many seals there were, each pair once."""
        return len(self.seen)

    @property
    def most_under_one_key(self) -> int:
        """How many seals the busiest key made."""
        return max(Counter(key for key, _ in self.seen).values(), default=0)

    def require_sound(self) -> None:
        """Demand that no pair came twice and no key was used too often.

        Raises:
            AssertionError: one did.
        """
        if self.repeated:
            raise AssertionError(f"{len(self.repeated)} nonces were used twice under their key")
        if self.most_under_one_key > self.limit:
            raise AssertionError(f"one key sealed {self.most_under_one_key} texts")


@contextmanager
def counted_seals() -> Iterator[SealCount]:
    """Count every seal in the block, and demand at its end that all were sound."""
    count = SealCount()
    aead.observers.append(count.note)
    try:
        yield count
    finally:
        aead.observers.remove(count.note)
    count.require_sound()
