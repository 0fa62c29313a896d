"""A store as plain Python: what every history must come to.

The model shares nothing with the store but the numbers of changes. An entry is a dict, an
operation knows what it does to a list of them, and a state is the set of numbers in
effect, kept forward with every command; rows are the operations in effect, played in
order from nothing. It is slow and simple on purpose.
"""

from __future__ import annotations

from typing import Any

from rolethread_store.testing.modelled import (
    MAIN,
    Copy,
    Dataset,
    Node,
    Operation,
    Refused,
    Row,
    State,
    Version,
    builds_on,
)

__all__ = ["StoreModel"]


class StoreModel:
    """All datasets of a store, and the numbers of its log.

    Attributes:
        datasets: Every dataset there ever was, oldest first.
        last: Number of the newest record.
    """

    def __init__(self) -> None:
        self.datasets: list[Dataset] = []
        self.last = 0
        self._operations: dict[int, Operation] = {}
        self._reverts: dict[int, int] = {}
        self._checkouts: dict[int, dict[Dataset, Node]] = {}
        self._nodes: dict[tuple[Dataset, int], Node] = {}
        self._touched: dict[int, list[Copy]] = {}
        self._undone_by: dict[Node, int] = {}
        self._standing: set[int] = set()

    # --- looking -------------------------------------------------------------------

    def there(self) -> list[Dataset]:
        """Return the datasets that exist."""
        return [dataset for dataset in self.datasets if dataset.exists]

    def copies(self) -> list[Copy]:
        """Return the working copies that can be worked in."""
        return [copy for dataset in self.there() for copy in dataset.listed()]

    def rows(self, state: State) -> list[Row]:
        """Return the entries of a state, in order."""
        rows: dict[Any, Row] = {}
        for number in sorted(state):
            operation = self._operations.get(number)
            if operation is None:
                continue
            for row in operation.fresh:
                rows[row["entry_id"]] = row
            for key in operation.entries & rows.keys():
                after = operation.play(rows.pop(key))
                if after is not None:
                    moved = operation.kind in ("edit", "rewrite", "tag")
                    rows[key] = {**after, "updated_by": number} if moved else after
        return sorted(rows.values(), key=lambda row: int(row["position"]))

    def quarantined(self, state: State) -> int:
        """Return how many records the imports of a state set aside."""
        return sum(self._operations[n].quarantined for n in state & self._operations.keys())

    def changes(self) -> list[int]:
        """Return the numbers of changes that may be reverted or undone to, in effect or not."""
        return sorted(self._touched)

    # --- changing ------------------------------------------------------------------

    def create(self, name: str) -> Copy:
        """Make a dataset without anything in it; an import must follow."""
        for other in self.datasets:
            if other.name == name and other.main.top.number == 0:
                other.main.undone.clear()
        dataset = Dataset(name)
        root = Node(0, None, frozenset())
        dataset.copies.append(Copy(dataset, MAIN, root, root))
        self.datasets.append(dataset)
        return dataset.main

    def do(self, operation: Operation, copies: list[Copy]) -> int:
        """Do something to the entries of working copies; returns its number."""
        number = self._next()
        self._operations[number] = operation
        for copy in copies:
            self._push(copy, Node(number, copy.top, copy.top.state | {number}, copy.top))
        self._touched[number] = copies
        return number

    def next_undo(self, copy: Copy | None) -> int:
        """Return the number of what an undo would take off."""
        every = [one for dataset in self.datasets for one in dataset.listed()]
        free = [one for one in ([copy] if copy else every) if one.top is not one.floor]
        if not free:
            raise Refused("nothing-to-undo")
        number = max(one.top.number for one in free)
        for one in self._touched[number]:
            if one.top.number != number:
                raise Refused("undo-blocked")
        return number

    def undo(self, copy: Copy | None) -> int:
        """Undo once; returns the number of what was undone."""
        number = self.next_undo(copy)
        record = self._next()
        for one in self._touched[number]:
            self._undone_by[one.top] = record
            one.undone.append([one.top])
            one.top = self._below(one.top)
        return number

    def undo_to(self, copy: Copy, kept: int) -> int:
        """Undo down to a change; returns the number of the oldest that was undone."""
        if kept not in self._touched and kept not in self._standing:
            raise Refused("change-missing")
        group: list[Node] = []
        node = copy.top
        while node is not copy.floor and node.number != kept:
            group.insert(0, node)
            node = self._below(node)
        if node is copy.floor or not group:
            raise Refused("nothing-to-undo")
        if any(len(self._touched[one.number]) > 1 for one in group):
            raise Refused("undo-blocked")
        record = self._next()
        self._undone_by.update(dict.fromkeys(group, record))
        copy.undone.append(group)
        copy.top = node
        return group[0].number

    def next_redo(self, copy: Copy | None) -> int:
        """Return the number of the oldest change that a redo would put back."""
        every = [one for dataset in self.datasets for one in dataset.listed()]
        groups = [one.undone[-1] for one in ([copy] if copy else every) if one.undone]
        free = [
            group
            for group in groups
            if all(
                one.undone and one.undone[-1][0].number == group[0].number
                for one in self._touched[group[0].number]
            )
        ]
        if not free:
            raise Refused("nothing-to-redo")
        return max(free, key=lambda group: self._undone_by[group[0]])[0].number

    def redo(self, copy: Copy | None) -> int:
        """Redo what one undo took off; returns the number of its oldest change."""
        number = self.next_redo(copy)
        self._next()
        for one in self._touched[number]:
            one.top = one.undone.pop()[-1]
        return number

    def publish(self, copy: Copy) -> int:
        """Publish the present state; returns the version's number."""
        if _unchanged(copy.top):
            raise Refused("nothing-to-publish")
        self._standing.add(self._next())
        version = Version(len(copy.dataset.versions) + 1, copy.top)
        copy.top.version = version
        copy.dataset.versions.append(version)
        return version.number

    def checkout(self, copy: Copy, number: int) -> int:
        """Go back to a version; returns the number of the change."""
        if not 1 <= number <= len(copy.dataset.versions):
            raise Refused("version-missing")
        node = copy.dataset.versions[number - 1].node
        record = self._next()
        self._checkouts[record] = {copy.dataset: node}
        self._push(copy, Node(record, copy.top, node.state | {record}, node, checkout=True))
        self._touched[record] = [copy]
        return record

    def discard(self, copy: Copy) -> int:
        """Go back to the version the working copy comes from; returns its number."""
        version = _version_under(copy.top)
        if version is None:
            raise Refused("nothing-published")
        if _unchanged(copy.top):
            raise Refused("nothing-to-discard")
        self.checkout(copy, version.number)
        return version.number

    def fork(self, copy: Copy, name: str, number: int | None) -> Copy:
        """Make another working copy."""
        if any(one.name == name for one in copy.dataset.listed()):
            raise Refused("name-taken")
        node = copy.top
        if number is not None:
            if not 1 <= number <= len(copy.dataset.versions):
                raise Refused("version-missing")
            node = copy.dataset.versions[number - 1].node
        self._standing.add(self._next())
        made = Copy(copy.dataset, name, node, node)
        copy.dataset.copies.append(made)
        return made

    def delete_copy(self, copy: Copy, *, force: bool) -> None:
        """Stop listing a working copy."""
        if copy.name == MAIN:
            raise Refused("main-stays")
        if copy.top is not copy.floor and not _unchanged(copy.top) and not force:
            raise Refused("unpublished")
        self._standing.add(self._next())
        copy.deleted = True
        copy.undone.clear()

    # --- revert --------------------------------------------------------------------

    def revert(self, number: int, copy: Copy | None) -> int:
        """Take one change out of effect, or a revert back; returns the record's number."""
        if number in self._standing:
            raise Refused("nothing-to-revert")
        if number not in self._touched:
            raise Refused("change-missing")
        own = self._touched[number]
        copies = own if copy is None or copy in own else [copy]
        made = [self._reverted(one, number) for one in copies]
        record = self._next()
        self._reverts[record] = number
        for one, (state, origin) in zip(copies, made, strict=True):
            self._push(one, Node(record, one.top, state | {record}, origin))
        self._touched[record] = list(copies)
        return record

    def _reverted(self, copy: Copy, number: int) -> tuple[State, Node]:
        """Return the state after a revert, before its own number, or refuse."""
        state = copy.top.state
        if copy.deleted or number not in state:
            raise Refused("nothing-to-revert")
        chain = [number]
        while chain[-1] in self._reverts:
            chain.append(self._reverts[chain[-1]])
        subject, depth = chain[-1], len(chain) - 1
        if subject in self._checkouts:
            if later := sorted(one for one in state if one > number):
                raise Refused("revert-conflict", later)
            node = self._nodes[copy.dataset, subject]
            # What the change reverted is in effect again, what that one reverted is not, …
            origin = node if depth % 2 else self._below(node)
            return origin.state | frozenset(chain[1:-1:2]), origin
        after = self._without(state, number)
        operation = self._operations[subject]
        later = sorted(one for one in after if one > subject)
        if operation.creates:
            raise Refused("revert-conflict", later)
        if (subject in state) == (subject in after):
            raise Refused("nothing-to-revert")
        if blocking := [one for one in later if self._builds_on(one, operation)]:
            raise Refused("revert-conflict", blocking)
        if depth:
            then = self._below(self._nodes[copy.dataset, subject]).state
            lost = [one for one in then ^ after if one < subject and one in self._operations]
            grounds = [one for one in lost if builds_on(operation, self._operations[one])]
            if grounds:
                raise Refused("revert-conflict", sorted(grounds))
        return after, copy.top

    def _without(self, state: State, number: int) -> State:
        state = state - {number}
        given_back = self._reverts.get(number)
        if given_back is None or any(self._reverts.get(one) == given_back for one in state):
            return state
        state = state | {given_back}
        again = self._reverts.get(given_back)
        return state if again is None or again not in state else self._without(state, again)

    def _builds_on(self, later: int, earlier: Operation) -> bool:
        operation = self._operations.get(later)
        return operation is not None and builds_on(operation, earlier)

    # --- odds and ends -------------------------------------------------------------

    def _next(self) -> int:
        self.last += 1
        return self.last

    def _push(self, copy: Copy, node: Node) -> None:
        self._nodes[copy.dataset, node.number] = node
        copy.top = node
        copy.undone.clear()

    @staticmethod
    def _below(node: Node) -> Node:
        assert node.parent is not None
        return node.parent


def _unchanged(node: Node) -> bool:
    return node.checkout or node.version is not None


def _version_under(node: Node | None) -> Version | None:
    while node is not None:
        if node.version is not None:
            return node.version
        node = node.origin
    return None
