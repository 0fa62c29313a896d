r"""The instruction shapes' one rule: how instruction and input become a user's turn.

The turn is the instruction, then, when the input is not empty, a blank line and the input:
``instruction + "\n\n" + input``. Both parts also stand in the entry's ``extra`` under the
source's own names, so that an export can write them apart again; it must compare them with
the turn first, which may have been edited since.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.draft import Json, JsonObject, RecordOdd, Turn
from rolethread_store.formats.adapters.fields import optional_text, text

__all__ = ["HISTORY_KEYS", "SYSTEM_KEYS", "instructed", "system_turns"]

SYSTEM_KEYS = ("system", "system_prompt")
HISTORY_KEYS = ("history",)


def system_turns(record: JsonObject) -> tuple[Turn, ...]:
    """Return a system turn for each of the two fields that holds a text.

    Raises:
        RecordOdd: the field is no text.
    """
    contents = (optional_text(record, key) for key in SYSTEM_KEYS)
    return tuple(Turn("system", content) for content in contents if content)


def _history(value: Json) -> tuple[Turn, ...]:
    if value is None:
        return ()
    turns: list[Turn] = []
    for index, pair in enumerate(value if isinstance(value, list) else [None]):
        if not isinstance(pair, list) or [type(one) for one in pair] != [str, str]:
            raise RecordOdd(f'"history" round {index} is not a question and an answer')
        turns += (Turn("user", pair[0]), Turn("assistant", pair[1]))
    return tuple(turns)


def instructed(record: JsonObject, input_key: str) -> tuple[tuple[Turn, ...], JsonObject]:
    """Return the turns up to the user's, and the parts for the entry's ``extra``.

    Args:
        record: A record with ``instruction``, which may have ``system`` or ``system_prompt``
            and ``history``, earlier rounds as pairs of texts.
        input_key: Key of what the instruction is about.

    Raises:
        RecordOdd: a field is not what it should be.
    """
    instruction, about = text(record, "instruction"), optional_text(record, input_key)
    question = f"{instruction}\n\n{about}" if about else instruction
    turns = (*system_turns(record), *_history(record.get("history")), Turn("user", question))
    return turns, {"instruction": instruction, input_key: about}
