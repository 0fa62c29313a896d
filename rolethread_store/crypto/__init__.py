"""Bytes to bytes: keys, sealed objects, key slots. The only importer of ``cryptography``.

::

    passphrase ─ kdf ────────┐
    recovery code ───────────┤
    key file, OS keyring ────┴─ keyslots ─ root key ─ keyring ─┬─ envelope: manifest, head, trust
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
from rolethread_store.crypto.hardening import Hardening, protect_process
from rolethread_store.crypto.kdf import (
    KdfMemoryExhausted,
    KdfParams,
    KdfRefused,
    PassphraseUnusable,
    calibrated,
    floor_params,
    stretch,
)
from rolethread_store.crypto.key_file import (
    MAX_KEY_FILE,
    KeyFileDamaged,
    KeyFileTooNew,
    KeyFileUnusable,
    new_key_file,
    parse_key_file,
)
from rolethread_store.crypto.keyring import DataKeyBroken, HeaderForged, Keyring
from rolethread_store.crypto.keyslots import (
    MAX_SLOT,
    SlotForeign,
    SlotOtherSecret,
    SlotTooNew,
    WrongKeyFile,
    WrongKeyringKey,
    WrongPassphrase,
    WrongRecoveryCode,
    make_key_slot,
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
    "MAX_KEY_FILE",
    "MAX_SLOT",
    "DataKeyBroken",
    "EnvelopeBroken",
    "EnvelopeForeignKey",
    "EnvelopeTooLarge",
    "EnvelopeTooNew",
    "Hardening",
    "HeaderForged",
    "KdfMemoryExhausted",
    "KdfParams",
    "KdfRefused",
    "KeyFileDamaged",
    "KeyFileTooNew",
    "KeyFileUnusable",
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
    "WrongKeyFile",
    "WrongKeyringKey",
    "WrongPassphrase",
    "WrongRecoveryCode",
    "calibrated",
    "derive",
    "extract",
    "floor_params",
    "make_key_slot",
    "make_passphrase_slot",
    "make_recovery_slot",
    "new_code",
    "new_key_file",
    "open_envelope",
    "open_sealed",
    "open_slot",
    "parse_code",
    "parse_key_file",
    "protect_process",
    "read_slot_header",
    "seal",
    "seal_envelope",
    "stretch",
]
