"""Passphrases, and parameters that nobody may lower or blow up."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rolethread_store.crypto import (
    KdfMemoryExhausted,
    KdfParams,
    KdfRefused,
    PassphraseUnusable,
    calibrated,
    floor_params,
    kdf,
    stretch,
)

FLOOR = {"memory_kib": 64 * 1024, "iterations": 3, "lanes": 4, "salt": b"\1" * 16}

OUT_OF_BOUNDS = [
    {"memory_kib": 64 * 1024 - 1},
    {"memory_kib": 2 * 1024 * 1024 + 1},
    {"memory_kib": 10**40},
    {"memory_kib": 0},
    {"memory_kib": -1},
    {"iterations": 2},
    {"iterations": 17},
    {"lanes": 0},
    {"lanes": 17},
]


def test_the_same_words_give_the_same_key_in_any_normal_form(params: KdfParams) -> None:
    composed = stretch("caf\u00e9", params)
    assert len(composed) == 32
    assert stretch("cafe\u0301", params) == composed
    assert stretch("cafe", params) != composed


def test_the_salt_makes_the_key() -> None:
    assert stretch("same", floor_params()) != stretch("same", floor_params())


@pytest.mark.parametrize("passphrase", ["", "\ud800", "half \udfff"])
def test_unusable_passphrases_are_refused_without_being_repeated(
    passphrase: str, params: KdfParams
) -> None:
    with pytest.raises(PassphraseUnusable) as caught:
        stretch(passphrase, params)
    assert "half" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("change", OUT_OF_BOUNDS, ids=str)
def test_parameters_out_of_bounds_do_not_come_to_be(change: dict[str, int]) -> None:
    with pytest.raises(KdfRefused):
        KdfParams.model_validate(FLOOR | change)


@pytest.mark.parametrize("change", OUT_OF_BOUNDS, ids=str)
def test_parameters_that_slipped_past_validation_take_no_memory(change: dict[str, int]) -> None:
    smuggled = KdfParams.model_construct(**{**FLOOR, **change})  # type: ignore[arg-type]
    tracemalloc.start()
    with pytest.raises(KdfRefused):
        stretch("guess", smuggled)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


@given(
    st.fixed_dictionaries(
        {
            "memory_kib": st.integers() | st.floats() | st.text() | st.booleans(),
            "iterations": st.integers() | st.none(),
            "lanes": st.integers(),
            "salt": st.binary(max_size=20),
        }
    )
)
def test_whatever_is_given_is_within_bounds_or_refused(fields: dict[str, Any]) -> None:
    try:
        params = KdfParams.model_validate(fields)
    except (KdfRefused, ValidationError):
        return
    assert 64 * 1024 <= params.memory_kib <= 2 * 1024 * 1024
    assert 3 <= params.iterations <= 16
    assert 1 <= params.lanes <= 16
    assert len(params.salt) == 16


def test_bounds_themselves_are_allowed() -> None:
    KdfParams(memory_kib=64 * 1024, iterations=3, lanes=1, salt=bytes(16))
    KdfParams(memory_kib=2 * 1024 * 1024, iterations=16, lanes=16, salt=bytes(16))


def test_parameters_are_frozen(params: KdfParams) -> None:
    with pytest.raises(ValidationError):
        params.iterations = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("target", "memory_kib"), [(0.0001, 64 * 1024), (1000.0, 256 * 1024)], ids=["floor", "most"]
)
def test_calibration_stays_between_the_floor_and_256_mib(target: float, memory_kib: int) -> None:
    params = calibrated(target)
    assert (params.memory_kib, params.iterations, params.lanes) == (memory_kib, 3, 4)


def test_a_derivation_that_was_just_made_is_the_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kdf, "_paces", {})
    stretch("opening the store", floor_params())
    (pace,) = kdf._paces.values()
    monkeypatch.setattr(kdf, "stretch", None)  # A second one would fail.
    assert calibrated(pace * 3 * 128 * 1024 * 1.01).memory_kib == 128 * 1024


def test_calibrated_salts_are_fresh() -> None:
    assert floor_params().salt != floor_params().salt


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own address space")
def test_a_machine_without_the_memory_says_so() -> None:
    program = (
        "import resource\n"
        "from rolethread_store.crypto import KdfMemoryExhausted, KdfParams, stretch\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))\n"
        "params = KdfParams(memory_kib=2**21, iterations=3, lanes=4, salt=bytes(16))\n"
        "try:\n    stretch('words', params)\n"
        "except KdfMemoryExhausted as error:\n    print(error, error.hint)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "2048 MiB" in run.stdout, run.stderr


def test_a_refused_allocation_is_a_typed_error(
    params: KdfParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(kdf, "Argon2id", refuse)
    with pytest.raises(KdfMemoryExhausted, match="64 MiB"):
        stretch("words", params)
