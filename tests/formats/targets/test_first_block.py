"""Fields that come after the first 10 MB of a file, told from its records alone."""

from __future__ import annotations

import pyarrow as pa
import pytest

from rolethread_store.formats.first_block import FieldsLate, FirstBlock

_TURN = '{"messages":[{"role":"user","content":"' + "x" * 4000 + '"}]}\n'
_NAMED = '{"messages":[{"role":"user","content":"a","name":"Rex"}]}\n'
_TOOLS = '{"messages":[{"role":"user","content":"a"}],"tools":[{}]}\n'
_SAYS = '{"messages":[{"role":"user","content":"\\",\\"name\\":"}]}\n'
ENOUGH = (10 << 20) // len(_TURN) + 1


@pytest.mark.parametrize(
    ("texts", "late"),
    [
        ([_TURN] * ENOUGH, None),
        ([_TURN] * ENOUGH + [_SAYS], None),
        ([_TURN] * ENOUGH + [_NAMED], f"name .entry {ENOUGH + 1:,}."),
        ([_TURN] * (ENOUGH - 1) + [_NAMED], None),
        ([_TURN, _NAMED] + [_TURN] * ENOUGH + [_NAMED, _TOOLS], "tools .entry"),
        ([_NAMED] * 200_000, None),
    ],
)
@pytest.mark.parametrize("batch", [999, 100_000])
def test_a_field_must_come_early(texts: list[str], late: str | None, batch: int) -> None:
    block = FirstBlock()
    block.take(pa.array([], pa.string()))
    for place in range(0, len(texts), batch):
        block.take(pa.array(texts[place : place + batch]))
    if late is None:
        block.require_early("trl")
        return
    with pytest.raises(FieldsLate, match=late) as raised:
        block.require_early("trl")
    assert raised.value.hint is not None
    assert ("--names" in raised.value.hint) is ("name" in late)
