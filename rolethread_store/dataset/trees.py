"""Trees: everything sealed of a store in one folder, replaced as a whole.

A rebuild writes a new tree beside the one in use and then replaces the public header,
which names the tree that counts. Before that rename there is the old store, after it the
new one, and nothing in between. Trees that the header does not name are taken away by the
next writer, when nobody reads them any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from rolethread_store.dataset.header import StoreHeader
from rolethread_store.errors import Conflict, StoreError, Unavailable
from rolethread_store.model import Batch
from rolethread_store.storage import Disk, Layout, Lease, others_read, rebuilding

__all__ = [
    "RekeyUnfinished",
    "StoreRebuilt",
    "carry_segments",
    "collect_trees",
    "exchange_header",
    "new_tree",
    "present_header",
    "present_layout",
    "require_tree",
    "settle_tree",
    "tidy",
    "unfinished_rekeys",
]


class StoreRebuilt(Conflict):
    """The store lies in another tree since this process opened it."""

    code: ClassVar[str] = "dataset.store-rebuilt"


class RekeyUnfinished(Conflict):
    """A rekey was begun and neither finished nor abandoned."""

    code: ClassVar[str] = "dataset.rekey-unfinished"


def present_header(layout: Layout, disk: Disk) -> StoreHeader:
    """Return the public header as it is now.

    Raises:
        FileMissing: there is none.
        HeaderDamaged: it is not what was written.
    """
    return StoreHeader.decode(disk.read(layout.header))


def present_layout(root: Path) -> Layout:
    """Return where the tree in use lies, as far as that can be found out.

    When the public header cannot be read, it is the root if that has keys, or else the one
    tree that no rekey is making.
    """
    layout = Layout(root)
    try:
        return layout.in_tree(present_header(layout, Disk(root)).tree)
    except StoreError:
        if layout.keys.is_dir() or not root.is_dir():
            return layout
    trees = [layout.in_tree(path.name) for path in root.iterdir() if layout.is_tree(path.name)]
    whole = [tree for tree in trees if not tree.rekey_mark.exists()]
    return whole[0] if len(whole) == 1 else layout


def exchange_header(layout: Layout, disk: Disk, header: StoreHeader) -> None:
    """Replace the public header; refused, the old one stands.

    A folder that cannot be synced refuses after the new name is there: whoever is told that
    nothing changed must not find it changed.

    Raises:
        Unavailable: the disk refuses; if it also refuses to take that back, the new one stands.
    """
    old = disk.read(layout.header)
    try:
        disk.replace(layout.header, header.encode())
    except BaseException:
        with suppress(StoreError):
            if disk.read(layout.header) != old:
                disk.replace(layout.header, old)
        raise


def require_tree(layout: Layout, disk: Disk) -> None:
    """Refuse a tree that is not the store any more.

    Raises:
        StoreRebuilt: the public header names another.
    """
    if present_header(layout, disk).tree != layout.tree:
        raise StoreRebuilt(
            "the store was rebuilt since this process opened it; nothing was changed",
            hint="open it again; after a rekey that takes its new passphrase or code",
        )


def new_tree(layout: Layout, disk: Disk) -> Layout:
    """Make the folders of a new tree; nothing names it yet."""
    tree = layout.in_tree(f"tree-{secrets.token_hex(4)}")
    for folder in (tree.top, *tree.tree_folders):
        disk.make_folder(folder)
    return tree


def settle_tree(tree: Layout, disk: Disk) -> None:
    """Make the names of a tree's folders and files durable."""
    for folder in (tree.keys, tree.manifests, tree.logs, tree.segments, tree.top, tree.root):
        disk.sync_folder(folder)


def carry_segments(old: Layout, new: Layout, disk: Disk, batches: Sequence[Batch]) -> None:
    """Give the segments of batches a name in another tree; they are immutable."""
    for batch in batches:
        for segment in batch.segments:
            source = old.segment(batch.batch_id, segment.number)
            disk.carry(source, new.segment(batch.batch_id, segment.number))


def unfinished_rekeys(layout: Layout, disk: Disk) -> list[Layout]:
    """Return the trees of rekeys that were begun and neither finished nor abandoned."""
    current = present_header(layout, disk).tree
    trees = [layout.in_tree(name) for name in _trees(layout, disk) if name != current]
    return [tree for tree in trees if tree.rekey_mark.exists()]


def collect_trees(layout: Layout, disk: Disk, lease: Lease) -> bool:
    """Take away the trees that nothing names; return whether none is left.

    What the disk refuses to remove stays for the next writer: the rebuild before it is done,
    and whoever asked for it must not be told that it was refused.
    Only the holder of the writer lock and of :func:`rebuilding` may call this.
    """
    with suppress(Unavailable):
        current = present_header(layout, disk).tree
        # Whose rekey this was is over when the header names its tree.
        disk.remove(layout.in_tree(current).rekey_mark)
        dead = _dead(layout, disk, current)
        if dead and others_read(layout, lease):
            return False
        for folder in dead:
            disk.remove_tree(folder)
        return True
    return False


def tidy(layout: Layout, disk: Disk, lease: Lease) -> None:
    """Collect trees if there are any and nobody makes one; failures wait for the next time."""
    with suppress(StoreError):
        tree = present_header(layout, disk).tree
        if _dead(layout, disk, tree) or layout.in_tree(tree).rekey_mark.exists():
            with rebuilding(layout):
                collect_trees(layout, disk, lease)


def _dead(layout: Layout, disk: Disk, current: str) -> list[Path]:
    """Return the folders that belong to no tree in use and to no rekey under way."""
    trees = [layout.in_tree(name) for name in _trees(layout, disk) if name != current]
    dead = [tree.top for tree in trees if not tree.rekey_mark.exists()]
    if current:
        dead += [folder for folder in layout.in_tree("").tree_folders if folder.exists()]
    return dead


def _trees(layout: Layout, disk: Disk) -> list[str]:
    return [name for name in disk.list(layout.root) if layout.is_tree(name)]
