"""From a passphrase to a key: Argon2id (RFC 9106, version 0x13), within fixed bounds.

The parameters are stored in the slot, in clear, so whoever can write the slot can choose
them. Too high, and opening a store takes the machine's memory; too low, and a guess costs
nothing. Both are refused before any memory is taken, for stored parameters as for new ones.

A passphrase is normalised to Unicode NFC and encoded as UTF-8, because macOS and other
systems type the same accented letter as different code points.
"""

from __future__ import annotations

import os
import time
import unicodedata
from typing import ClassVar

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from pydantic import BaseModel, ConfigDict, Field, model_validator

from rolethread_store.crypto.secret import Secret
from rolethread_store.errors import InvalidInput, Unavailable, Unsupported

__all__ = [
    "FLOOR_MEMORY_KIB",
    "KdfMemoryExhausted",
    "KdfParams",
    "KdfRefused",
    "PassphraseUnusable",
    "calibrated",
    "floor_params",
    "stretch",
]

SALT_BYTES = 16
# RFC 9106 §4, second recommended option: 64 MiB, three passes, four lanes.
FLOOR_MEMORY_KIB = 64 * 1024
_FLOOR_ITERATIONS = 3
_DEFAULT_LANES = 4
_CEILING_MEMORY_KIB = 2 * 1024 * 1024
_CEILING_ITERATIONS = 16
_CEILING_LANES = 16
_CALIBRATED_MEMORY_KIB = 256 * 1024
_MEMORY_STEP_KIB = 8 * 1024

_paces: dict[int, float] = {}
"""Seconds for each KiB and pass that the last derivation took here, by its lanes."""


class KdfRefused(Unsupported):
    """Key derivation parameters are outside the bounds; nothing was computed."""

    code: ClassVar[str] = "crypto.kdf-refused"


class KdfMemoryExhausted(Unavailable):
    """The machine could not give the memory that the parameters ask for."""

    code: ClassVar[str] = "crypto.kdf-memory"


class PassphraseUnusable(InvalidInput):
    """The passphrase is empty or is not Unicode text."""

    code: ClassVar[str] = "crypto.passphrase-unusable"


class KdfParams(BaseModel):
    """Argon2id parameters, always within the bounds.

    Attributes:
        memory_kib: Memory in KiB, 64 MiB to 2 GiB.
        iterations: Passes over the memory, 3 to 16.
        lanes: Degree of parallelism, 1 to 16.
        salt: 16 random bytes.

    Raises:
        KdfRefused: If a number is outside its bounds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    memory_kib: int
    iterations: int
    lanes: int
    salt: bytes = Field(min_length=SALT_BYTES, max_length=SALT_BYTES)

    @model_validator(mode="after")
    def _within_bounds(self) -> KdfParams:
        self.require_bounds()
        return self

    def require_bounds(self) -> None:
        """Check the numbers again, for instances made without validation.

        Raises:
            KdfRefused: If a number is outside its bounds.
        """
        bounds = (
            ("memory in KiB", self.memory_kib, FLOOR_MEMORY_KIB, _CEILING_MEMORY_KIB),
            ("iterations", self.iterations, _FLOOR_ITERATIONS, _CEILING_ITERATIONS),
            ("lanes", self.lanes, 1, _CEILING_LANES),
        )
        for what, value, floor, ceiling in bounds:
            if not floor <= value <= ceiling:
                raise KdfRefused(
                    f"key derivation refused: {what} must be from {floor} to {ceiling}",
                    hint="Key slots of this program never ask for this; restore the slot file.",
                )


def floor_params() -> KdfParams:
    """Return the weakest allowed parameters with a fresh salt."""
    return _params(FLOOR_MEMORY_KIB)


def calibrated(target_seconds: float = 0.5) -> KdfParams:
    """Return parameters whose derivation takes about ``target_seconds`` on this machine.

    The derivation by which the store was opened tells how fast it is; without one, a run at
    the floor is timed. Time grows in proportion to memory, which is raised up to 256 MiB and
    never lowered. A slow machine therefore waits longer than the target.
    """
    if _DEFAULT_LANES not in _paces:
        stretch("calibration", floor_params()).wipe()
    wanted = int(target_seconds / (_paces[_DEFAULT_LANES] * _FLOOR_ITERATIONS))
    stepped = wanted - wanted % _MEMORY_STEP_KIB
    return _params(min(max(stepped, FLOOR_MEMORY_KIB), _CALIBRATED_MEMORY_KIB))


def stretch(passphrase: str, params: KdfParams) -> Secret:
    """Derive 32 bytes from a passphrase; slow on purpose.

    Raises:
        PassphraseUnusable: If the passphrase is empty or not encodable.
        KdfRefused: If the parameters are outside the bounds.
        KdfMemoryExhausted: If the memory cannot be had.
    """
    params.require_bounds()
    material = _normalised(passphrase)
    started = time.perf_counter()
    try:
        kdf = Argon2id(
            salt=params.salt,
            length=32,
            iterations=params.iterations,
            lanes=params.lanes,
            memory_cost=params.memory_kib,
        )
        stretched = Secret(kdf.derive(material))
    except MemoryError as error:
        raise KdfMemoryExhausted(
            f"the passphrase needs {params.memory_kib // 1024} MiB of free memory to be checked",
            hint="Close other programs and try again.",
        ) from error
    elapsed = max(time.perf_counter() - started, 1e-6)
    _paces[params.lanes] = elapsed / (params.memory_kib * params.iterations)
    return stretched


def _params(memory_kib: int) -> KdfParams:
    return KdfParams(
        memory_kib=memory_kib,
        iterations=_FLOOR_ITERATIONS,
        lanes=_DEFAULT_LANES,
        salt=os.urandom(SALT_BYTES),
    )


def _normalised(passphrase: str) -> bytes:
    if not passphrase:
        raise PassphraseUnusable("the passphrase is empty", hint="Give at least one character.")
    if any("\ud800" <= symbol <= "\udfff" for symbol in passphrase):
        # Checked beforehand, because an encoding error would carry the passphrase along.
        raise PassphraseUnusable("the passphrase is not valid Unicode text")
    return unicodedata.normalize("NFC", passphrase).encode("utf-8")
