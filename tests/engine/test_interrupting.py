"""Ctrl-C while the engine works ends the work, and is not told as a fault of the program."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rolethread_store.engine import Session, SessionFolders

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends itself a signal")

# Minutes, in steps that are short.
_LONG = "SELECT count(*) FROM range(100000000000) WHERE hash(range) = 7"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    spill = tmp_path / "spill"
    spill.mkdir()
    opened = Session(SessionFolders((tmp_path,), spill))
    yield opened
    opened.close()


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Press Ctrl-C half a second from now."""
    # The processes of a parallel run ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    yield
    timer.cancel()
    timer.join()
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(
    "ask",
    [
        lambda session: session.rows(_LONG),
        lambda session: session.execute(f"CREATE TABLE found AS {_LONG}"),
        lambda session: session.arrow(_LONG),
        lambda session: session.result(_LONG).fetchall(),
    ],
    ids=["rows", "execute", "arrow", "result"],
)
def test_a_query_is_interrupted(session: Session, ask: Callable[[Session], Any]) -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(session)
    assert session.value("SELECT 1") == 1


@pytest.mark.usefixtures("ctrl_c")
def test_what_reads_a_stream_is_interrupted(session: Session) -> None:
    schema = pa.schema([("number", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        while True:
            yield pa.RecordBatch.from_pydict({"number": [1] * 1_000}, schema=schema)

    with (
        pytest.raises(KeyboardInterrupt),
        session.stream("endless", schema, batches()) as endless,
    ):
        session.rows(f"SELECT sum(number) FROM {endless}")
    assert session.value("SELECT 1") == 1
