"""Reads a store of format 1 from ``docs/format.md`` alone; nothing of the package is used.

A :class:`Reader` reads a small store whole. It leaves out limits, and what tags and digests say.
"""

import base64
import hmac
import json
import re
import struct
import unicodedata
import zlib
from collections import defaultdict
from contextlib import suppress
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

REFUSALS = (InvalidTag, LookupError, OSError, TypeError, ValueError, zlib.error)  # Wrong bytes.
Json = Any  # Objects of JSON.
Row = dict[str, Any]
Frame = tuple[tuple[UUID, int, str], int, bytes]  # Where it ends as a link says it, kind, body.
Sets = list[tuple[str, list[Json]]]  # Sets by id, each with its changes.
State = tuple[list[Row], list[Row]]  # Entries and quarantine, both in order.
SYMBOLS, DIGIT, HEX = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "[0-9]", "[0-9a-f]"
MEMBER = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*')
REGISTRY, STANDING = str(UUID(int=0)), "standing"  # Lists of sets: of facts; that nothing undoes.
UNLISTED = ("version-published", "working-copy-forked", "working-copy-deleted")
REPLACED = {"entry-moved": ["position"], "entry-rewritten": ["messages", "tags", "extra"]}
ENTRY = """{"entry_id": "UUID", "position": "BIGINT", "messages": [{"role": "VARCHAR", "content":
    "VARCHAR", "name": "VARCHAR", "character": "VARCHAR", "weight": "DOUBLE", "alternatives":
    [{"content": "VARCHAR", "extra": "VARCHAR"}], "extra": "VARCHAR"}], "tags": ["VARCHAR"],
    "origin": {"import_id": "UUID", "source": "VARCHAR", "record": "BIGINT", "format": "VARCHAR"},
    "created_at": "TIMESTAMPTZ", "updated_at": "TIMESTAMPTZ", "extra": "VARCHAR"}"""
WHOLE = f"from_json(to_json(one), '{ENTRY}')"  # An entry gets what plain segments leave out.
# New texts one by one; of an entry that got none a message far behind its last.
TEXT = "struct_insert(one, message := unnest(ifnull(turns, [1<<30])), content := unnest(texts))"


def require(holds: object, complaint: str) -> None:
    """Refuse what does not hold."""
    if not holds:
        raise ValueError(complaint)


def derive(key: bytes, purpose: str, context: bytes, commitment: bytes | None = None) -> bytes:
    """Derive a key for one purpose; a commitment, if there is one, must be the one to it."""
    info = b"rolethread/v1/" + purpose.encode() + b"\0" + context
    first = hmac.digest(key, info + b"\1", "sha256")
    second = hmac.digest(key, first + info + b"\2", "sha256")
    require(commitment in (None, second), f"{purpose}: another key or place")
    return first


def slot_key(raw: bytes, store: bytes, kind: str, secret: str) -> bytes:
    """Open a slot with a secret of its kind and return the root key."""
    start, size = struct.unpack("<8sI", raw[:12].ljust(12))
    require(start == b"RTSK\1%c\0\0" % (1 if kind == "passphrase" else 2), "slot: another kind")
    header, bound = json.loads(raw[12 : 12 + size]), raw[: 44 + size]
    salt, kdf = bytes.fromhex(header["salt"]), header["kdf"]
    if kind == "passphrase":
        costs = {"memory_cost": kdf["memory_kib"], "iterations": kdf["iterations"]}
        slow = Argon2id(salt=bytes.fromhex(kdf["salt"]), length=32, lanes=kdf["lanes"], **costs)
        key = slow.derive(unicodedata.normalize("NFC", secret).encode())
    else:
        typed = re.sub(r"[\s-]", "", secret).upper().translate(str.maketrans("OIL", "011"))
        bits = "".join(f"{SYMBOLS.index(symbol):05b}" for symbol in typed)
        key = hmac.digest(salt, int(bits[:160], 2).to_bytes(20, "big"), "sha256")
    context = salt + store + bytes.fromhex(header["slot_id"])
    own = AESGCM(derive(key, f"slot-{kind}", context, bound[-32:]))
    return own.decrypt(bytes(12), raw[44 + size : 92 + size], bound)


def log_frames(raw: bytes, root: bytes, store: bytes, log_id: UUID) -> list[Frame]:
    """Read one log file; one that was never born has no frames."""
    used, end, frames = len(raw.rstrip(b"\0")), 104, list[Frame]()
    if used < end:
        return frames
    require(raw[4] < 2, "log: too new")
    require(raw[:40] == b"RTLG\1\0\0\0" + store + log_id.bytes, "log: of another place")
    own = AESGCM(derive(derive(root, "log", store), "log", raw[8:72], raw[72:104]))
    header = sha256(raw[:104]).digest()
    for at in range(end, used):
        head = raw[at : at + 12].ljust(12, b"\0")
        length, number, crc = struct.unpack("<III", head)
        if at < end or number < len(frames) or crc != zlib.crc32(head[:8]):
            continue
        with suppress(InvalidTag):
            sealed = raw[at + 12 : at + 12 + length]
            plain = own.decrypt(number.to_bytes(12, "big"), sealed, header + head)
            # One that opens further on shows that the bytes before it were no unfinished frame.
            require((number, at) == (len(frames), end), f"log: frame {len(frames)} is damaged")
            require(plain[0] < 2 and plain[1] < 3, "log: too new")
            body = zlib.decompress(plain[2:]) if plain[0] else plain[2:]
            frames.append(((log_id, number + 1, sealed[-16:].hex()), plain[1], body))
            end += 12 + length
    kinds = bytes(kind for _, kind, _ in frames)
    require(used <= end or kinds[-1:] != b"\2", "log: goes on behind its end")
    require(re.fullmatch(b"(\0\1*\2?)?", kinds), "log: a frame is out of place")
    return frames


def change_sets(logs: list[list[Frame]], mark: Json) -> list[Json]:
    """Prove that log files, in order of their numbers, are one history; return its records."""
    history: list[Frame] = []
    for frames in [*filter(None, logs), []]:
        link = json.loads(frames[0][2])["previous"] if frames else mark
        place = link and (UUID(link["log_id"]), link["frames"], link["tag"])
        at = [None, *(end for end, _, _ in history)].index(place)
        if frames:
            # Nobody was told of one record too many, or of files that hold no more than one.
            passed = bytes(kind for _, kind, _ in history[at:])
            require(re.fullmatch(b"\1?(\0\1?)*", passed), "log: passes over a file")
            history[at:] = frames
    return [json.loads(body) for _, kind, body in history if kind == 1]


def without_content(extra: str | None) -> str | None:
    """Take the member ``content`` out of a JSON object; the others keep their text."""
    if extra is None or "content" not in json.loads(extra):
        return extra
    at, kept = 1, list[str]()
    while member := MEMBER.match(extra, at):
        _, at = json.JSONDecoder().raw_decode(extra, member.end())
        if json.loads(member[1]) != "content":
            kept.append(extra[member.start(1) : at])
    return "{" + ",".join(kept) + "}" if kept else None


def edit(row: Row, change: Row, given: Row) -> None:
    """Change an entry; ``given`` are the columns that the change names."""
    row |= {one: given[one] for one in ["updated_at", *REPLACED.get(change["kind"], [])]}
    row["origin"]["format"] = change.get("format", row["origin"]["format"])
    if change["kind"] == "tags-changed":
        kept = [tag for tag in row["tags"] or [] if tag not in change["remove"]]
        row["tags"] = kept + [tag for tag in dict.fromkeys(change["add"]) if tag not in kept]
    elif change["kind"] == "message-edited":
        for message in row["messages"][change["message"] :][:1]:
            if message["content"] is None:
                message["extra"] = without_content(message["extra"])
            message["content"] = change["content"]


class Reader:
    """A store, opened with a ``passphrase`` or a ``recovery-code``."""

    def __init__(self, folder: Path, kind: str, secret: str) -> None:
        public, self.root = (folder / "STORE").read_bytes(), b""
        header = json.loads(public.splitlines()[0])
        require(header["version"] == 1 and not header["features"], "STORE: too new")
        self.id, self.tree = bytes.fromhex(header["store_id"]), folder / header.get("tree", "")
        for path in self.tree.glob(f"keys/{HEX * 32}.slot"):
            with suppress(*REFUSALS):
                self.root = slot_key(path.read_bytes(), self.id, kind, secret)
        require(self.root, "no slot opens")
        newest = max(self.tree.glob(f"manifests/{HEX * 16}.manifest"))
        raw, key = newest.read_bytes(), derive(self.root, "manifest", self.id)
        context = raw[8:40] + self.id + bytes.fromhex(newest.stem)
        own = AESGCM(derive(key, "envelope-manifest", context, raw[40:72]))
        manifest = self.manifest = json.loads(own.decrypt(bytes(12), raw[80:], raw[:80]))
        for path in newest.parent.glob(f"{int(newest.stem, 16) - 1:016x}.manifest"):
            require(sha256(path.read_bytes()).hexdigest() == manifest["parent"], "another parent")
        tag = hmac.digest(derive(self.root, "header", self.id), public, "sha256").hex()
        require(manifest["header_tag"] == tag, "STORE: is not the one")
        self.engine = duckdb.connect().execute("SET TimeZone = 'UTC'")
        # Of working copies and versions: their sets; their dataset and their name or number.
        self.lists: dict[str, Sets] = defaultdict(list)
        self.places: dict[str, tuple[str, Any]] = {one: (one, None) for one in (REGISTRY, STANDING)}
        self._replay()

    def _replay(self) -> None:
        """Put every set on its lists, take off what was undone and put back what was redone."""
        undone, touched = defaultdict[str, list[Sets]](list), dict[str, set[str]]()
        paths, keys = self.tree.glob(f"log/{DIGIT * 8}-{HEX * 32}.log"), (self.root, self.id)
        logs = [log_frames(path.read_bytes(), *keys, UUID(path.stem[9:])) for path in sorted(paths)]
        for record in change_sets(logs, self.manifest["log"]):
            set_id, steps = record.get("target", record["set_id"]), record.get("steps", 1)
            told, given = {"seq": record["seq"], "updated_at": record["at"]}, record.get("changes")
            changes = [told | change | {"list": self._list_of(change)} for change in given or ()]
            touched.setdefault(set_id, {change["list"] for change in changes})
            for key in [record["of"]] if "of" in record else touched[set_id]:
                if record["kind"] == "change":
                    self.lists[key], undone[key] = [*self.lists[key], (set_id, changes)], []
                elif record["kind"] == "undo":
                    undone[key].append(self.lists[key][-steps:])
                    self.lists[key] = self.lists[key][:-steps]
                else:
                    self.lists[key] = self.lists[key] + undone[key].pop()

    def _list_of(self, change: Json) -> str:
        """Return the list that a change puts its set on; begin the one that it begins."""
        kind, own = change["kind"], change.get("dataset_id", REGISTRY)
        self.places.setdefault(own, (own, "main"))
        if kind in UNLISTED:
            source = change.get("source", own)
            dataset = self.places[source][0]
            begun = f"{dataset}/{change['number']}" if "number" in change else own
            source = f"{dataset}/{change['version']}" if "version" in change else source
            self.places[begun] = dataset, change.get("number", change.get("name"))
            self.lists[begun] = self.lists[source]
        fact = change.get("fact", {"kind": change.get("fact_kind")})["kind"]
        return STANDING if kind in UNLISTED or fact == "setting" else own

    def _effective(self, key: str) -> Sets:
        """Return the sets of a list that are in effect, with the changes to its dataset."""
        found, reverted, rest, home = Sets(), set[str](), self.lists[key], self.places[key][0]
        while rest:
            *rest, (set_id, changes) = rest
            if set_id not in reverted:
                own = [one for one in changes if self.places[one["list"]][0] == home]
                found.insert(0, (set_id, own))
                reverted |= {one["target"] for one in own if one["kind"] == "reverted"}
                for change in [one for one in own if one["kind"] == "checked-out"]:
                    rest = self.lists[f"{home}/{change['version']}"]
        return found

    def facts(self) -> dict[tuple[str, str], Row]:
        """Return the registry and the settings."""
        found: dict[tuple[str, str], Row | None] = {}
        sets = self._effective(REGISTRY) + self._effective(STANDING)
        for change in sorted((one for _, own in sets for one in own), key=itemgetter("seq")):
            fact = change.get("fact", {"kind": change.get("fact_kind"), "key": change.get("key")})
            found[fact["kind"], fact["key"]] = change.get("fact")
        return {key: fact for key, fact in found.items() if fact}

    def datasets(self) -> dict[str, dict[str | int, State]]:
        """Return the states of every dataset that is there, by working copy and version."""
        found: dict[str, dict[str | int, State]] = defaultdict(dict)
        for key, (dataset, name) in self.places.items():
            changes = [one for _, own in self._effective(dataset) for one in own]
            names = [one.get("name") for one in changes if one["kind"].startswith("dataset-")]
            if name is not None and names and None not in names:
                found[names[-1]][name] = self._state(key)
        return found

    def _state(self, key: str) -> State:
        """Fold the sets in effect over the base that holds for the most of them."""
        sets, rows, base = self._effective(key), dict[UUID, Row](), Row(depth=0, layers=[])
        for one in self.manifest["bases"]:
            ids = b"".join(UUID(set_id).bytes for set_id, _ in sets[: one["depth"]])
            mine = self.places[one["dataset_id"]][0] == self.places[key][0]
            if mine and sha256(ids).hexdigest() == one["chain"] and one["depth"] > base["depth"]:
                base = one
        for change in [*base["layers"], *(one for _, own in sets[base["depth"] :] for one in own)]:
            self._apply(rows, change)
        counted = [row | {"message_count": len(row["messages"])} for row in rows.values()]
        entries = sorted(counted, key=itemgetter("position", "entry_id"))
        batches = [one["quarantine_id"] for _, own in sets for one in own if "quarantine_id" in one]
        held = [(batch_id, row) for batch_id in batches for row in self._rows(batch_id, None)]
        names = [(key, str(row["import_id"]), row["source"], row["record"]) for key, row in held]
        mends = [one for _, own in sets for change in own for one in change.get("mended", [])]
        runs = [(one, n) for one in mends for a, z in one["runs"] for n in range(a, z + 1)]
        mended = {(one["quarantine_id"], one["import_id"], one["source"], n) for one, n in runs}
        aside = [row for name, (_, row) in zip(names, held, strict=True) if name not in mended]
        return entries, sorted(aside, key=itemgetter("created_at", "source", "record"))

    def _apply(self, rows: dict[UUID, Row], change: Row) -> None:
        """Let a layer or a change have its effect; one to an entry that is not there has none."""
        require(change["kind"] != "expired", "a change has expired above its base")
        text, sql = json.dumps(change.get("entry", change)), f"SELECT from_json(?, '{ENTRY}')"
        [(given,)] = self.engine.execute(sql, [text]).fetchall()
        ids = [UUID(one) for one in change.get("entry_ids", [])]
        gone = [{"entry_id": one} for one in ids if change["kind"] == "entries-deleted"]
        made = [given] if change["kind"] == "entry-added" else gone
        batch_id = change.get("batch_id")
        for row in self._rows(batch_id, change.get("segments")) if batch_id else made:
            if "turns" in row and row["entry_id"] in rows:
                edit(rows[row["entry_id"]], row | {"kind": "message-edited"}, row)
            elif "tags" not in row:
                rows.pop(row["entry_id"], None)
            elif "messages" in row or row["entry_id"] in rows:
                rows[row["entry_id"]] = rows.get(row["entry_id"], {}) | row
        for key in {*ids, given["entry_id"]} & {*rows}:
            edit(rows[key], change, given)

    def _rows(self, batch_id: str, numbers: list[int] | None) -> list[Row]:
        """Read the segments of a batch, or those of some numbers."""
        [batch] = [one for one in self.manifest["batches"] if one["batch_id"] == batch_id]
        name, wrapped = UUID(batch_id).hex, bytes.fromhex(batch["wrapped_key"])
        wrapping = derive(self.root, "data-key-wrap", self.id + UUID(batch_id).bytes)
        key = base64.b64encode(aes_key_unwrap(wrapping, wrapped)).decode()
        self.engine.execute(f"PRAGMA add_parquet_key('{name}', '{key}')")
        row = {"entries": WHOLE, "texts": TEXT}.get(batch["kind"], "one")
        sql = f"SELECT {row} FROM read_parquet(?, encryption_config={{footer_key: '{name}'}}) one"
        rows: list[Row] = []
        wanted = [one for one in batch["segments"] if numbers is None or one["number"] in numbers]
        for one in wanted:
            path = self.tree / f"segments/{name}-{one['number']:04d}.parquet"
            require(sha256(path.read_bytes()).hexdigest() == one["digest"], f"{path} is damaged")
            rows += [row for (row,) in self.engine.execute(sql, [str(path)]).fetchall()]
        return rows
