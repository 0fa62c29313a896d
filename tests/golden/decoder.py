"""Reads a store of format 1 from ``docs/format.md`` alone; nothing of the package is used.

:func:`read_store` gives every dataset as it is in each working copy and version, with all
that the log has pending folded in. It reads small stores whole, into Python values, one
change after the other as the specification words them, and refuses whatever is otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib.util
import re
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import duckdb

from tests.golden.decoder_bytes import (
    Refused,
    Row,
    change_sets,
    data_key,
    derive,
    log_frames,
    manifest_of,
    public_header,
    refusing,
    require,
    slot_key,
)
from tests.golden.decoder_entries import MESSAGE, Rows, changed, laid_over

Sets = list[Row]
STANDING = ("version-published", "working-copy-forked", "working-copy-deleted")
REGISTRY, SETTINGS = str(UUID(int=0)), "settings"


class State(NamedTuple):
    """What a working copy or a version holds: entries and quarantine, both in order."""

    entries: list[Row]
    quarantine: list[Row]


class Contents(NamedTuple):
    """A store: per dataset the working copies by name and versions by number; the facts."""

    datasets: dict[str, dict[str | int, State]]
    facts: dict[tuple[str, str], Row]


def read_store(
    folder: Path, *, passphrase: str | None = None, recovery_code: str | None = None
) -> Contents:
    """Return all that a store says."""
    kind, secret = (2, recovery_code) if passphrase is None else (1, passphrase)
    with refusing("store"):
        store = _Store(folder, kind, secret or "")
        return Contents(store.datasets(), store.facts())


def list_of(change: Row) -> str:
    """Return the list that a change puts its set on."""
    fact = change["fact"]["kind"] if "fact" in change else change.get("fact_kind")
    if change["kind"] in STANDING or fact == "setting":
        return SETTINGS
    return REGISTRY if fact else str(change["dataset_id"])


class _Store:
    def __init__(self, folder: Path, kind: int, secret: str) -> None:
        public = (folder / "STORE").read_bytes()
        header = public_header(public)
        self.store, self.tree = bytes.fromhex(header["store_id"]), folder / header.get("tree", "")
        self.root = self._root_key(kind, secret)
        self.manifest = self._newest_manifest()
        tag = hmac.digest(derive(self.root, "header", self.store), public, "sha256").hex()
        require(hmac.compare_digest(self.manifest["header_tag"], tag), "STORE: is not the one")
        self.engine = _engine()
        self.lists: dict[str, Sets] = defaultdict(list)
        self.undone: dict[str, list[Sets]] = defaultdict(list)
        self.dataset_of: dict[str, str] = {}  # Working copies, deleted ones too.
        self.names: dict[str, str] = {}  # Those that are there.
        self.versions: dict[str, list[Sets]] = defaultdict(list)
        sets: dict[str, Row] = {}
        for record in self._records():
            sets[record["set_id"]] = record
            if record["kind"] == "change":
                self._take(record)
            else:
                self._move(record, sets[record["target"]])

    def _files(self, folder: str, pattern: str) -> list[tuple[Path, re.Match[str]]]:
        paths = sorted((self.tree / folder).iterdir())
        return [(path, found) for path in paths if (found := re.fullmatch(pattern, path.name))]

    def _root_key(self, kind: int, secret: str) -> bytes:
        complaints = ["no slot opens"]
        for path, name in self._files("keys", r"[0-9a-f]{32}\.slot"):
            try:
                return slot_key(path.read_bytes(), name[0], self.store, kind, secret)
            except Refused as refusal:
                complaints.append(str(refusal))
        raise Refused("; ".join(complaints))

    def _newest_manifest(self) -> Row:
        *older, (path, name) = self._files("manifests", r"([0-9a-f]{16})\.manifest")
        generation = int(name[1], 16)
        manifest = manifest_of(path.read_bytes(), self.root, self.store, generation)
        for parent, earlier in older:
            if int(earlier[1], 16) == generation - 1:
                digest = hashlib.sha256(parent.read_bytes()).hexdigest()
                require(digest == manifest["parent"], "manifest: has another parent")
        return manifest

    def _records(self) -> Sets:
        logs = []
        for path, name in self._files("log", r"[0-9]{8}-([0-9a-f]{32})\.log"):
            log_id = UUID(name[1])
            if frames := log_frames(path.read_bytes(), self.root, self.store, log_id):
                logs.append((log_id, frames))
        return change_sets(logs, self.manifest["log"])

    def _take(self, record: Row) -> None:
        for change in record["changes"]:
            match change:
                case {"kind": "dataset-created", "dataset_id": made}:
                    self.dataset_of[made], self.names[made] = made, "main"
                case {"kind": "version-published", "dataset_id": copy, "number": number}:
                    known = self.versions[self.dataset_of[copy]]
                    require(number == len(known) + 1, "a version is missing")
                    known.append(list(self.lists[copy]))
                case {"kind": "working-copy-forked", "dataset_id": made, "source": source}:
                    dataset = self.dataset_of[source]
                    self.dataset_of[made], self.names[made] = dataset, change["name"]
                    at = change.get("version")
                    begun = self.versions[dataset][at - 1] if at else self.lists[source]
                    self.lists[made] = list(begun)
                case {"kind": "working-copy-deleted", "dataset_id": copy}:
                    del self.names[copy]
        for key in set(map(list_of, record["changes"])):
            self.lists[key].append(record)
            self.undone[key].clear()

    def _move(self, record: Row, target: Row) -> None:
        steps, named = record.get("steps", 1), set(map(list_of, target["changes"]))
        for key in [record["of"]] if "of" in record else named:
            if record["kind"] == "undo":
                group = self.lists[key][-steps:]
                del self.lists[key][-steps:]
                self.undone[key].append(group)
            else:
                group = self.undone[key].pop()
                self.lists[key] += group
            fits = len(group) == steps and group[0] is target
            require(fits, f"record {record['seq']} cannot {record['kind']} its target")

    def _effective(self, sets: Sets, dataset: str) -> Sets:
        found: Sets = []
        reverted: set[str] = set()
        rest = list(sets)
        while rest:
            record = rest.pop()
            if record["set_id"] in reverted:
                continue
            found.append(record)
            for change in record["changes"]:
                if change["kind"] == "reverted":
                    reverted.add(change["target"])
                elif change["kind"] == "checked-out":
                    rest = list(self.versions[dataset][change["version"] - 1])
        return found[::-1]

    def facts(self) -> dict[tuple[str, str], Row]:
        """Return the registry and the settings."""
        found: dict[tuple[str, str], Row] = {}
        sets = [*self._effective(self.lists[REGISTRY], REGISTRY), *self.lists[SETTINGS]]
        for record in sorted(sets, key=lambda one: int(one["seq"])):
            for change in record["changes"]:
                if change["kind"] == "fact-put":
                    found[change["fact"]["kind"], change["fact"]["key"]] = change["fact"]
                elif change["kind"] == "fact-removed":
                    found.pop((change["fact_kind"], change["key"]), None)
        return found

    def datasets(self) -> dict[str, dict[str | int, State]]:
        """Return the states of every dataset that is there."""
        found: dict[str, dict[str | int, State]] = {}
        for dataset in dict.fromkeys(self.dataset_of.values()):
            name = None
            for change in self._changes(self._effective(self.lists[dataset], dataset), dataset):
                if change["kind"] in ("dataset-created", "dataset-renamed"):
                    name = name if name == "" else change["name"]
                elif change["kind"] == "dataset-dropped":
                    name = ""
            if name:
                found[name] = self._states(dataset)
        return found

    def _states(self, dataset: str) -> dict[str | int, State]:
        lists: dict[str | int, Sets] = {
            name: self.lists[copy]
            for copy, name in self.names.items()
            if self.dataset_of[copy] == dataset
        }
        lists |= enumerate(self.versions[dataset], 1)
        return {key: self._state(sets, dataset) for key, sets in lists.items()}

    def _state(self, sets: Sets, dataset: str) -> State:
        sets = self._effective(sets, dataset)
        bases = [base for base in self.manifest["bases"] if self._fits(base, sets, dataset)]
        none: Row = {"depth": 0, "layers": []}
        base = max(bases, key=lambda one: int(one["depth"]), default=none)
        rows: Rows = {}
        for layer in base["layers"]:
            below = self._rows(layer["kind"], layer["batch_id"], layer["segments"])
            laid_over(rows, layer["kind"], below)
        for record in sets[base["depth"] :]:
            at = datetime.fromisoformat(record["at"])
            for change in self._changes([record], dataset):
                if change["kind"] == "batch-attached" and "batch_id" in change:
                    laid_over(rows, "entries", self._rows("entries", change["batch_id"]))
                elif change["kind"] == "tags-patched":
                    laid_over(rows, "tags", self._rows("tags", change["batch_id"]))
                else:
                    changed(rows, change, at)
        aside = [
            row
            for change in self._changes(sets, dataset)
            if "quarantine_id" in change
            for row in self._rows("quarantine", change["quarantine_id"])
        ]
        for row in rows.values():
            row["message_count"] = len(row["messages"])
        return State(
            sorted(rows.values(), key=lambda row: (row["position"], row["entry_id"])),
            sorted(aside, key=lambda row: (row["created_at"], row["source"], row["record"])),
        )

    def _changes(self, sets: Sets, dataset: str) -> Sets:
        changes = (change for record in sets for change in record["changes"])
        return [one for one in changes if self.dataset_of.get(one.get("dataset_id")) == dataset]

    def _fits(self, base: Row, sets: Sets, dataset: str) -> bool:
        held = [record["set_id"] for record in sets[: base["depth"]]]
        chain = hashlib.sha256(b"".join(UUID(one).bytes for one in held)).hexdigest()
        same = self.dataset_of[base["dataset_id"]] == dataset and len(held) == base["depth"]
        return same and held[-1] == base["top"] and chain == base["chain"]

    def _rows(self, kind: str, batch_id: str, numbers: Collection[int] | None = None) -> Sets:
        batch = next(one for one in self.manifest["batches"] if one["batch_id"] == batch_id)
        require(batch["kind"] == kind, f"batch {batch_id} holds no {kind}")
        key = base64.b64encode(data_key(self.root, self.store, batch)).decode()
        self.engine.execute(f"PRAGMA add_parquet_key('{batch_id}', '{key}')")
        found: Sets = []
        for segment in batch["segments"]:
            if numbers is None or segment["number"] in numbers:
                found += self._segment(batch_id, segment)
        return found

    def _segment(self, batch_id: str, segment: Row) -> Sets:
        name = f"{UUID(batch_id).hex}-{segment['number']:04d}.parquet"
        path = self.tree / "segments" / name
        raw = path.read_bytes()
        tail, whole = (hashlib.sha256(part).hexdigest() for part in (raw[-65536:], raw))
        written = (segment["size"], segment["tail_digest"], segment["digest"])
        require((len(raw), tail, whole) == written, f"segment {name} is damaged")
        sql = f"SELECT * FROM read_parquet(?, encryption_config = {{footer_key: '{batch_id}'}})"
        try:
            cursor = self.engine.execute(sql, [str(path)])
            names = [column[0] for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.Error as error:
            raise Refused(f"segment {name} cannot be read: {error}") from error
        require(len(rows) == segment["rows"], f"segment {name} has another number of rows")
        for row in rows if segment.get("plain") else ():
            row["messages"] = [dict.fromkeys(MESSAGE) | one for one in row["messages"]]
        return rows


def _engine() -> duckdb.DuckDBPyConnection:
    """Return an engine that has OpenSSL, as the one that wrote the segments had."""
    package = importlib.util.find_spec("duckdb_extension_httpfs")
    place = Path(str(package and package.origin)).parent / "extensions" / f"v{duckdb.__version__}"
    engine = duckdb.connect()
    engine.execute(f"LOAD '{place / 'httpfs.duckdb_extension'}'")
    engine.execute("SET TimeZone = 'UTC'")
    return engine
