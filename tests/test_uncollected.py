from __future__ import annotations

import gc
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest

from rolethread_store.uncollected import uncollected


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_collector_waits_until_the_last_is_out() -> None:
    with uncollected():
        assert not gc.isenabled()
        with pytest.raises(LookupError), uncollected():
            raise LookupError
        assert not gc.isenabled()
    assert gc.isenabled()


def test_who_turned_it_off_finds_it_off() -> None:
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()


def test_threads_that_overlap() -> None:
    inside, outside = Barrier(2, timeout=10), Barrier(2, timeout=10)

    def work() -> None:
        with uncollected():
            inside.wait()
            outside.wait()

    thread = Thread(target=work)
    thread.start()
    with uncollected():
        inside.wait()
    assert not gc.isenabled(), "another one is still within"
    outside.wait()
    thread.join()
    assert gc.isenabled()
