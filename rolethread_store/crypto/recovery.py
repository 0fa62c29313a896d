"""The recovery code: 160 random bits that a person can write down and type.

A code has 36 symbols of Crockford's base32 (no I, L, O, U), printed in nine groups of four.
The first 32 symbols are the 160 bits, most significant first, as one number ``D``; the last
four are the check ``(D + 21076) mod 1048573`` (the greatest prime below 2**20).

That check finds every single wrong symbol and every exchange of two of the first 32: the
difference is then a number below 32, times a power of 32, times (for an exchange) a power
of 32 less one, and the prime divides none of these. Of other mistakes it misses one in a
million. The constant keeps a row of zeros from being a code.
"""

from __future__ import annotations

import os
from typing import ClassVar

from rolethread_store.crypto.secret import Secret
from rolethread_store.errors import InvalidInput

__all__ = ["RecoveryCodeMistyped", "new_code", "parse_code"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SECRET_BYTES = 20
_DATA_SYMBOLS = 32
_CHECK_SYMBOLS = 4
_GROUP = 4
_PRIME = 1048573
_OFFSET = 21076  # 0x5254, "RT"

_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_VALUES |= {symbol.lower(): value for symbol, value in _VALUES.items()}
_VALUES |= dict.fromkeys("Oo", 0) | dict.fromkeys("IiLl", 1)

# Word processors turn a typed dash into these.
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"


class RecoveryCodeMistyped(InvalidInput):
    """A recovery code has a typing mistake; it was not tried."""

    code: ClassVar[str] = "crypto.recovery-code-mistyped"


def new_code() -> str:
    """Return a fresh recovery code as it is printed: nine groups of four symbols."""
    data = int.from_bytes(os.urandom(_SECRET_BYTES), "big")
    text = _symbols(data, _DATA_SYMBOLS) + _symbols(_check(data), _CHECK_SYMBOLS)
    return "-".join(text[i : i + _GROUP] for i in range(0, len(text), _GROUP))


def parse_code(text: str) -> Secret:
    """Return the 20 bytes of a typed recovery code.

    Case, white space and dashes do not matter; O is read as 0, I and L as 1.

    Raises:
        RecoveryCodeMistyped: If it is not a code; the message does not repeat it.
    """
    typed = [symbol for symbol in text if not symbol.isspace() and symbol not in _DASHES]
    expected = _DATA_SYMBOLS + _CHECK_SYMBOLS
    if len(typed) != expected:
        raise _mistyped(f"it has {len(typed)} letters and digits instead of {expected}")
    if any(symbol not in _VALUES for symbol in typed):
        raise _mistyped("it contains a character that codes never use")
    data = _number(typed[:_DATA_SYMBOLS])
    if _number(typed[_DATA_SYMBOLS:]) != _check(data):
        raise _mistyped("at least one character is wrong")
    return Secret(data.to_bytes(_SECRET_BYTES, "big"))


def _check(data: int) -> int:
    return (data + _OFFSET) % _PRIME


def _symbols(number: int, count: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(count)))


def _number(typed: list[str]) -> int:
    number = 0
    for symbol in typed:
        number = number << 5 | _VALUES[symbol]
    return number


def _mistyped(why: str) -> RecoveryCodeMistyped:
    return RecoveryCodeMistyped(
        f"the recovery code is mistyped: {why}",
        hint="Compare it with the printed code, group by group.",
    )
