"""The recovery code forgives handwriting and catches mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.crypto import RecoveryCodeMistyped, new_code, parse_code

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_code_is_nine_groups_of_four_unambiguous_symbols() -> None:
    groups = new_code().split("-")
    assert [len(group) for group in groups] == [4] * 9
    assert set("".join(groups)) <= set(ALPHABET)


def test_a_code_parses_to_160_bits_that_differ_from_code_to_code() -> None:
    secrets = {parse_code(new_code()).reveal() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {20}


@pytest.mark.parametrize(
    "written",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", "  "),
        lambda code: f"\n {code}\t",
        lambda code: code.replace("-", "\u2013"),
        lambda code: code.replace("0", "O").replace("1", "I"),
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: code.replace("1", "L").lower(),
    ],
)
def test_it_reads_any_usual_way_of_writing(written: object) -> None:
    assert callable(written)
    for _ in range(20):
        code = new_code()
        assert parse_code(written(code)) == parse_code(code)


def test_every_single_wrong_symbol_is_found() -> None:
    code = new_code().replace("-", "")
    for place, right in enumerate(code):
        for wrong in set(ALPHABET) - {right}:
            with pytest.raises(RecoveryCodeMistyped):
                parse_code(code[:place] + wrong + code[place + 1 :])


def test_every_exchange_of_two_of_the_first_32_symbols_is_found() -> None:
    code = new_code().replace("-", "")
    for first in range(32):
        for second in range(first + 1, 32):
            if code[first] == code[second]:
                continue
            swapped = list(code)
            swapped[first], swapped[second] = swapped[second], swapped[first]
            with pytest.raises(RecoveryCodeMistyped):
                parse_code("".join(swapped))


def test_every_missing_and_every_doubled_symbol_is_found() -> None:
    code = new_code().replace("-", "")
    for place in range(len(code)):
        with pytest.raises(RecoveryCodeMistyped, match="35"):
            parse_code(code[:place] + code[place + 1 :])
        with pytest.raises(RecoveryCodeMistyped, match="37"):
            parse_code(code[: place + 1] + code[place:])


NO_CODES = ["", "0" * 36, "Z" * 36, "U" * 36, "\u0131" * 36, "\u0663" * 36, "\u00e9" * 36]


@pytest.mark.parametrize("text", NO_CODES)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(RecoveryCodeMistyped):
        parse_code(text)


def test_the_refusal_does_not_repeat_the_code() -> None:
    code = new_code()[:-1]
    with pytest.raises(RecoveryCodeMistyped) as caught:
        parse_code(code)
    assert not any(group in str(caught.value) for group in code.split("-")[:8])


@given(st.text(max_size=60) | st.text(alphabet=ALPHABET, min_size=36, max_size=36))
def test_any_text_is_a_code_or_mistyped(text: str) -> None:
    try:
        parsed = parse_code(text)
    except RecoveryCodeMistyped:
        return
    assert len(parsed) == 20
