"""Bytes to bytes: keys, sealed objects, key slots. The only importer of ``cryptography``.

::

    passphrase ─ kdf ─┐
    recovery code ────┴─ keyslots ─ root key ─ keyring ─┬─ envelope: manifest, head, trust
                                                        ├─ aead: log frames
                                                        └─ wrapped data keys: segments

Nothing here opens a file or reads a clock. ``docs/format.md`` specifies every byte.
"""

from rolethread_store.crypto.aead import (
    NonceRefused,
    SealBroken,
    Sealer,
    derive,
    extract,
    open_sealed,
    seal,
)
from rolethread_store.crypto.envelope import (
    EnvelopeBroken,
    EnvelopeForeignKey,
    EnvelopeTooLarge,
    EnvelopeTooNew,
    Kind,
    open_envelope,
    seal_envelope,
)
from rolethread_store.crypto.kdf import (
    KdfMemoryExhausted,
    KdfParams,
    KdfRefused,
    PassphraseUnusable,
    calibrated,
    floor_params,
    stretch,
)
from rolethread_store.crypto.keyring import DataKeyBroken, HeaderForged, Keyring
from rolethread_store.crypto.keyslots import (
    SlotForeign,
    SlotOtherSecret,
    SlotTooNew,
    WrongPassphrase,
    WrongRecoveryCode,
    make_passphrase_slot,
    make_recovery_slot,
    open_slot,
    read_slot_header,
)
from rolethread_store.crypto.recovery import RecoveryCodeMistyped, new_code, parse_code
from rolethread_store.crypto.secret import Secret, SecretWiped
from rolethread_store.crypto.slot_header import (
    LabelUnusable,
    SlotDamaged,
    SlotHeader,
    SlotIdentity,
    SlotKind,
)

__all__ = [
    "DataKeyBroken",
    "EnvelopeBroken",
    "EnvelopeForeignKey",
    "EnvelopeTooLarge",
    "EnvelopeTooNew",
    "HeaderForged",
    "KdfMemoryExhausted",
    "KdfParams",
    "KdfRefused",
    "Keyring",
    "Kind",
    "LabelUnusable",
    "NonceRefused",
    "PassphraseUnusable",
    "RecoveryCodeMistyped",
    "SealBroken",
    "Sealer",
    "Secret",
    "SecretWiped",
    "SlotDamaged",
    "SlotForeign",
    "SlotHeader",
    "SlotIdentity",
    "SlotKind",
    "SlotOtherSecret",
    "SlotTooNew",
    "WrongPassphrase",
    "WrongRecoveryCode",
    "calibrated",
    "derive",
    "extract",
    "floor_params",
    "make_passphrase_slot",
    "make_recovery_slot",
    "new_code",
    "open_envelope",
    "open_sealed",
    "open_slot",
    "parse_code",
    "read_slot_header",
    "seal",
    "seal_envelope",
    "stretch",
]
