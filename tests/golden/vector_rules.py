"""What holds for every file of vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["require_balance"]


def require_balance(vectors: Sequence[Mapping[str, object]]) -> None:
    """There are enough of them, each known by its name, and at least half must fail."""
    failing = [vector for vector in vectors if "error" in vector]
    assert len(vectors) >= 30
    assert len(failing) * 2 >= len(vectors)
    assert len({vector["name"] for vector in vectors}) == len(vectors)
    assert all(("error" in vector) != ("result" in vector) for vector in vectors)
