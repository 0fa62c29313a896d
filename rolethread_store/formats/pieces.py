"""One bunch of records as Arrow columns over the bytes as they were read.

Nothing is copied or made into Python objects: the columns share the chunk's buffer.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.errors import InvalidInput
from rolethread_store.formats.sources import BAD_BYTES
from rolethread_store.formats.structure import deepest

__all__ = [
    "KEPT_RECORD_BYTES",
    "LONGEST_RECORD_BYTES",
    "RECORD_SCHEMA",
    "RecordTooLarge",
    "broken_record",
    "check_size",
    "id_column",
    "integers",
    "pieces",
    "record_batch",
]

RECORD_SCHEMA = pa.schema(
    [
        ("record", pa.int64()),
        ("offset", pa.int64()),
        ("raw", pa.binary()),
        ("line", pa.string()),
        ("fault", pa.string()),
    ]
)

# A longer record is no conversation; parsing it would take several times its size.
LONGEST_RECORD_BYTES = 64 << 20
# Up to here its bytes are kept in quarantine; they must fit in memory at once.
KEPT_RECORD_BYTES = 256 << 20
# The engine's JSON walk is recursive: 10,000 levels were fine, 100,000 end the process.
_DEEPEST = 4_000
_LONG_ENOUGH_TO_LOOK = 16 << 10

Integers = npt.NDArray[np.int64]


class RecordTooLarge(InvalidInput):
    """One record is so large that not even quarantine can hold it."""

    code: ClassVar[str] = "formats.record-too-large"


def check_size(size: int, offset: int) -> None:
    """Stop before an endless record fills the memory.

    Raises:
        RecordTooLarge: the record is larger than quarantine takes.
    """
    if size > KEPT_RECORD_BYTES:
        raise RecordTooLarge(
            f"the record at byte {offset} is larger than {KEPT_RECORD_BYTES >> 20} MiB",
            hint="is this a file of conversations? nothing was imported",
        )


def pieces(data: bytes | npt.NDArray[np.uint8], cuts: Integers) -> pa.Array:
    """Return the stretches between neighbouring cuts as a binary column over ``data``."""
    offsets = pa.py_buffer(cuts.astype(np.int32))
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(cuts) - 1, [None, offsets, pa.py_buffer(data)]
    )


def integers(values: Integers) -> pa.Array:
    """Return a column over numbers; ``pa.array`` would load pandas first, if it is installed.

    That takes 0.2 s, in which the engine waits for the first records.
    """
    return pa.Array.from_buffers(
        pa.int64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values, np.int64))]
    )


def id_column(ids: npt.NDArray[np.uint8]) -> pa.Array:
    """Return a column of UUIDs over their bytes, 16 a row."""
    kept = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), len(ids), [None, pa.py_buffer(ids.tobytes())]
    )
    return pa.ExtensionArray.from_storage(pa.uuid(), kept)


def record_batch(
    raw: pa.Array, records: Integers, offsets: Integers, fault: str | None = None
) -> pa.RecordBatch:
    """Put the columns together.

    Args:
        raw: Bytes of each record.
        records: Their numbers, from 1.
        offsets: Their places in the file.
        fault: What is already known to be wrong with all of them.
    """
    line, faults = _decoded(raw)
    if fault is not None:
        faults = [fault] * len(raw)
    # Arrow's own to_numpy would load pandas first, if it is installed.
    lengths = np.from_dlpack(pc.binary_length(raw))
    for index in np.flatnonzero(lengths > _LONG_ENOUGH_TO_LOOK):
        if (found := _too_much(raw, int(index), int(lengths[index]))) is not None:
            faults = faults or [None] * len(raw)
            faults[int(index)] = faults[int(index)] or found
    column = pa.nulls(len(raw), pa.string()) if faults is None else pa.array(faults, pa.string())
    return pa.RecordBatch.from_arrays(
        [integers(records), integers(offsets), raw, line, column], schema=RECORD_SCHEMA
    )


def _decoded(raw: pa.Array) -> tuple[pa.Array, list[str | None] | None]:
    """Return the text of each record, and what is wrong where there is none."""
    buffers = raw.buffers()
    line = pa.Array.from_buffers(pa.string(), len(raw), buffers, offset=raw.offset)
    try:
        line.validate(full=True)
    except pa.ArrowInvalid:
        faults = [_utf8_fault(piece.as_py()) for piece in raw]
        bad = pa.array([fault is not None for fault in faults])
        return pc.if_else(bad, pa.scalar(None, pa.binary()), raw).cast(pa.string()), faults
    return line, None


def _utf8_fault(piece: bytes) -> str | None:
    try:
        piece.decode()
    except UnicodeDecodeError as error:
        if piece.startswith(BAD_BYTES, error.start):
            return f"not text in the file's encoding: a character at {error.start}"
        return f"not UTF-8: byte 0x{piece[error.start]:02x} at {error.start}"
    return None


def _too_much(raw: pa.Array, index: int, length: int) -> str | None:
    if length > LONGEST_RECORD_BYTES:
        return f"longer than {LONGEST_RECORD_BYTES >> 20} MiB"
    text = np.frombuffer(raw[index].as_buffer(), np.uint8)
    if np.count_nonzero((text | 0x20) == 0x7B) > _DEEPEST and deepest(text) > _DEEPEST:
        return f"nested more than {_DEEPEST} levels deep"
    return None


def broken_record(rest: bytes, record: int, offset: int, fault: str) -> pa.RecordBatch:
    """Return what is there of the record in which a source breaks off.

    It is a record even when nothing is there of it: what is lost must be seen.

    Args:
        rest: The bytes behind the last whole record.
        record: Its number.
        offset: Its place.
        fault: Why the source breaks off.
    """
    numbers = np.array([record], np.int64)
    raw = pa.array([rest], pa.binary())
    return record_batch(raw, numbers, np.array([offset], np.int64), fault)
