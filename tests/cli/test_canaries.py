"""No secret is shown by a process list, an error, a traceback, a program we start, or SQL.

The passphrase, the recovery code and every key of a real store are looked for, in the forms
a leak would have: as they are, as hex, as base64.
"""

from __future__ import annotations

import base64
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.cli.options import Given
from rolethread_store.cli.secrets import Unlocking
from rolethread_store.clock import SystemClock
from rolethread_store.crypto import Keyring, Sealer, Secret, floor_params
from rolethread_store.engine import Session, SessionFolders
from rolethread_store.errors import StoreError
from rolethread_store.storage import Layout, WriterLock
from rolethread_store.store.opening import Unlocked, unlock
from rolethread_store.store.secrets import Secrets
from tests.cli.running import RECORDS, Runner
from tests.scenes import jsonl

PASSPHRASE = "Kanarienvogel im Vorratsraum 7319"

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@dataclass(frozen=True)
class Canary:
    """A store whose secrets are known."""

    path: Path
    secret_file: Path
    recovery_code: str
    keys: tuple[bytes, ...]

    @property
    def needles(self) -> tuple[bytes, ...]:
        found = [PASSPHRASE.encode(), self.recovery_code.encode()]
        for key in self.keys:
            hexed = key.hex().encode()
            found += [key, hexed, hexed.upper(), repr(key)[2:-1].encode()]
            # The last group of base64 depends on what follows.
            found.append(base64.b64encode(key).rstrip(b"=")[:-1])
        return tuple(found)

    def seen_in(self, content: bytes) -> list[bytes]:
        return [needle for needle in self.needles if needle in content]

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ROLETHREAD_")}
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH")]))
        return {**kept, "ROLETHREAD_STORE": str(self.path), "PYTHONPATH": path}

    def command(self, *arguments: str) -> list[str]:
        return [
            *[sys.executable, "-m", "rolethread_store.cli", *arguments],
            *["--passphrase-file", str(self.secret_file)],
        ]


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Canary:
    folder = tmp_path_factory.mktemp("canary")
    secret = folder / "secret.txt"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    path = folder / "store"
    with rolethread_store.create(path, passphrase=PASSPHRASE, kdf=floor_params()) as store:
        store.dataset("tavern").import_file(jsonl(folder / "tavern.jsonl", RECORDS))
        code = store.recovery_code
        journal = store._parts.journal
        ring = journal.keyring
        own = (ring.root, ring.manifest_key, ring.log_key, ring.head_key, ring.device_key)
        wrapped = [(bytes.fromhex(b.wrapped_key), b.batch_id) for b in journal.manifest.batches]
        data = [ring.unwrap(*one) for one in wrapped]
        keys = tuple(one.reveal() for one in (*own, *data))
    assert code is not None
    assert len(keys) > 5
    return Canary(path, secret, code, keys)


def test_a_leak_would_be_seen(canary: Canary) -> None:
    key = canary.keys[-1]
    for leak in (key, key.hex().encode(), base64.b64encode(b"xyz" + key), str(key).encode()):
        assert canary.seen_in(b"before " + leak + b" after")
    assert not canary.seen_in(b"before and after")


@contextmanager
def waiting(canary: Canary, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that has unlocked the store and waits to become its writer."""
    lock = WriterLock(Layout(canary.path), SystemClock())
    lock.acquire()
    script = (
        "import ctypes, sys, rolethread_store.storage.lock as lock\n"
        "acquire = lock.WriterLock.acquire\n"
        "def told(self, wait=0.0):\n"
        "    print('unlocked', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)\n"
        "    acquire(self, wait)\n"
        "lock.WriterLock.acquire = told\n"
        "from rolethread_store.cli.main import main\n"
        "sys.exit(main())\n"
    )
    arguments = [*canary.command("tag", "add", "x", *more, "--wait", "60")[3:]]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env=canary.environment(), stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        # Unlocked, and marked as not to be dumped (PR_GET_DUMPABLE).
        assert process.stdout.readline() == b"unlocked 0\n"
        yield process
    finally:
        lock.release()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


@linux_only
def test_the_process_list_and_the_limits_of_an_open_store(canary: Canary) -> None:
    with waiting(canary, "--dataset", "tavern", "--all") as process:
        time.sleep(0.2)
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                shown = (folder / "cmdline").read_bytes()
                if int(folder.name) == process.pid:
                    shown += (folder / "environ").read_bytes()
            except OSError:
                continue
            assert not canary.seen_in(shown)
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"]


def test_programs_we_start_get_no_secret(canary: Canary, tmp_path: Path) -> None:
    spy, seen = tmp_path / "spy.py", tmp_path / "seen.txt"
    spy.write_text(
        "import os, sys\n"
        f"with open({str(seen)!r}, 'a') as out:\n"
        "    out.write(repr(dict(os.environ)) + repr(sys.argv) + chr(10))\n"
        f"print({PASSPHRASE!r})\n"
    )
    environment = {
        **canary.environment(),
        "EDITOR": f"{sys.executable} {spy}",
        "ROLETHREAD_PASSPHRASE": PASSPHRASE,
        "ROLETHREAD_RECOVERY_CODE": canary.recovery_code,
    }
    with rolethread_store.open(canary.path, PASSPHRASE) as store:
        entry = str(store.dataset("tavern").page(1)[0].entry_id)
    command = [sys.executable, "-m", "rolethread_store.cli"]
    spying = ["status", "--passphrase-command", f"{sys.executable} {spy}"]
    for arguments in (["edit", entry], spying):
        done = subprocess.run(
            [*command, *arguments], env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, check=False,
        )  # fmt: skip
        assert not canary.seen_in(done.stderr)
    assert seen.read_text().count("\n") == 2
    assert not canary.seen_in(seen.read_bytes())


FAILING = [
    ["sql", "SELEC 1"],
    ["sql", "SELECT content::INT FROM messages"],
    ["sql", "PRAGMA add_parquet_key('a', 'b')"],
    ["sql", "SELECT * FROM read_parquet('/nowhere.parquet')"],
    ["export", "no-such-dataset", "out.jsonl"],
    ["slots", "remove", "passphrase"],
    ["push", "nowhere"],
]


@pytest.mark.parametrize("arguments", FAILING, ids=lambda words: " ".join(words[:2]))
def test_errors_show_no_secret(
    canary: Canary, run: Runner, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("ROLETHREAD_STORE", str(canary.path))
    monkeypatch.setenv("ROLETHREAD_TRACEBACK", "1")
    done = run(*arguments, "--passphrase-file", canary.secret_file)
    assert done.code not in (0, 1, 2), done.err
    assert not canary.seen_in((done.out + done.err).encode())


def test_a_bug_shows_no_secret_even_with_a_traceback(canary: Canary) -> None:
    """An unexpected error in the midst of an open store, with the traceback asked for."""
    script = (
        "import sys, rolethread_store.store.overview as overview\n"
        "def broken(parts): raise ZeroDivisionError(repr(parts) + repr(parts.journal.keyring))\n"
        "overview.status = broken\n"
        "from rolethread_store.cli.main import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *canary.command("status")[3:]],
        env={**canary.environment(), "ROLETHREAD_TRACEBACK": "1"},
        capture_output=True, check=False,
    )  # fmt: skip
    assert b"ZeroDivisionError" in done.stderr
    assert b"Keyring(***)" in done.stderr
    assert not canary.seen_in(done.stdout + done.stderr)


def test_nothing_that_holds_a_secret_shows_it(canary: Canary) -> None:
    unlocked = unlock(canary.path, Secrets(PASSPHRASE))
    ring = unlocked.keyring
    key = Secret(canary.keys[-1])
    store = rolethread_store.open(canary.path, recovery_code=canary.recovery_code)
    holders: list[object] = [
        key, ring, ring.root, Sealer(key), unlocked, store,
        Secrets(PASSPHRASE, canary.recovery_code), Unlocking(PASSPHRASE, canary.recovery_code),
        Given(passphrase_file=canary.secret_file), store._parts, store.slots(), store._slots,
        Keyring(Secret(canary.keys[0]), unlocked.header.store_id),
    ]  # fmt: skip
    for holder in holders:
        shown = f"{holder!r} {holder!s} {holder} {[holder]}"
        assert not canary.seen_in(shown.encode()), type(holder)
    for holder in (key, ring, unlocked, store):
        assert not canary.seen_in(pickled(holder)), type(holder)
    store.close()
    ring.wipe()
    assert isinstance(unlocked, Unlocked)


def pickled(holder: object) -> bytes:
    try:
        return pickle.dumps(holder)
    except (TypeError, AttributeError) as error:
        return str(error).encode()


def test_sql_reaches_no_key(canary: Canary) -> None:
    """Whatever DuckDB tells of itself in a session that holds keys, no key is in it."""
    with rolethread_store.open(canary.path, recovery_code=canary.recovery_code) as store:
        assert store.sql("SELECT count(*) FROM messages").fetchall()
        tables = store.sql(
            "SELECT DISTINCT function_name FROM duckdb_functions() "
            "WHERE function_type = 'table' AND (function_name LIKE 'duckdb_%' "
            "OR function_name LIKE 'pragma_%')"
        ).fetchall()
        assert len(tables) > 10
        answered = 0
        for (name,) in tables:
            if name in {"duckdb_functions", "pragma_rest"}:
                continue
            try:
                rows = store.sql(f"SELECT * FROM {name}()").fetchall()
            except StoreError as error:
                rows = [(str(error),)]
            else:
                answered += 1
            assert not canary.seen_in(repr(rows).encode()), name
        assert answered > 10
        assert not canary.seen_in(
            repr(store.sql("EXPLAIN ANALYZE SELECT * FROM messages").fetchall()).encode()
        )


def test_an_error_about_a_key_does_not_quote_it(canary: Canary, tmp_path: Path) -> None:
    session = Session(SessionFolders(readable=(tmp_path,), spill=tmp_path / "spill"))
    session.close()
    with pytest.raises(StoreError) as caught:
        session.add_key("data", canary.keys[-1])
    assert not canary.seen_in(str(caught.value).encode())
    assert caught.value.__suppress_context__


def test_no_file_beside_the_store_holds_a_key(canary: Canary) -> None:
    for path in canary.path.rglob("*"):
        if path.is_file():
            assert not canary.seen_in(path.read_bytes()), path
