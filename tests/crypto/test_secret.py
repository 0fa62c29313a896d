"""A secret gives its bytes to ``reveal`` and to nothing else."""

from __future__ import annotations

import copy
import pickle

import pytest

from rolethread_store.crypto import Secret, SecretWiped


def test_it_reveals_what_it_was_given() -> None:
    assert Secret(b"lantern").reveal() == b"lantern"
    assert len(Secret(b"lantern")) == 7


def test_it_keeps_its_own_copy() -> None:
    source = bytearray(b"lantern")
    secret = Secret(source)
    source[:] = b"\0" * 7
    assert secret.reveal() == b"lantern"


def test_no_way_of_showing_it_shows_it() -> None:
    secret = Secret(b"lantern")
    assert repr(secret) == str(secret) == f"{secret:>40}" == f"{secret!r}" == "Secret(***)"
    assert str([secret]) == "[Secret(***)]"


@pytest.mark.parametrize("make_copy", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_cannot_be_copied(make_copy: object) -> None:
    assert callable(make_copy)
    with pytest.raises(TypeError, match="cannot be pickled"):
        make_copy(Secret(b"lantern"))


def test_it_has_no_hash() -> None:
    with pytest.raises(TypeError):
        hash(Secret(b"lantern"))


def test_equality_is_by_value_and_only_among_secrets() -> None:
    assert Secret(b"lantern") == Secret(b"lantern")
    assert Secret(b"lantern") != Secret(b"lanterN")
    assert Secret(b"lantern") != Secret(b"lanter")
    assert Secret(b"lantern") != b"lantern"


def test_random_ones_differ_and_have_the_length_asked_for() -> None:
    assert len(Secret.random()) == 32
    assert len(Secret.random(7)) == 7
    assert Secret.random() != Secret.random()


def test_wiping_zeroes_the_bytes_and_ends_its_use() -> None:
    secret = Secret(b"lantern")
    held = secret._value
    secret.wipe()
    assert held == bytearray(7)
    with pytest.raises(SecretWiped):
        secret.reveal()
    with pytest.raises(SecretWiped):
        bool(secret == Secret(bytes(7)))
    secret.wipe()
