"""TRL: conversations, prompts with their completion, or preference pairs."""

from __future__ import annotations

from rolethread_store.formats.json_text import joined, json_list, json_of, member
from rolethread_store.formats.targets.preference import PAIR_REASON, PAIR_STEPS
from rolethread_store.formats.targets.target import Target, many, single
from rolethread_store.formats.targets.turns import (
    CANONICAL,
    LETTERS,
    STRUCTURED,
    TOOLS,
    TOOLS_MEMBER,
    chat_message,
    order_reason,
)

__all__ = ["TRL_MESSAGES", "TRL_PREFERENCE", "TRL_PROMPT_COMPLETION"]

_MESSAGE = chat_message(member("name", json_of("one.name")), content=STRUCTURED)
_TURN = {"role": "string", "content": "string or list of parts"}
_TOOLS = {"tools": "list, where the entry has some"}

TRL_MESSAGES = Target(
    name="trl",
    title="messages, for TRL's SFTTrainer",
    loaded=True,
    rows=single(
        joined(member("messages", json_list("messages", _MESSAGE)), TOOLS_MEMBER),
        order_reason(".*[ac].*", text=False),
        CANONICAL,
        LETTERS,
        TOOLS,
    ),
    schema={"messages": [_TURN], **_TOOLS},
)

TRL_PROMPT_COMPLETION = Target(
    name="trl",
    title="prompt and completion, for TRL's SFTTrainer",
    loaded=True,
    rows=single(
        joined(
            member("prompt", json_list("messages[:-2]", _MESSAGE)),
            member("completion", json_list("messages[-1:]", _MESSAGE)),
            TOOLS_MEMBER,
        ),
        order_reason(".*[ut].*[ac]", text=False),
        CANONICAL,
        LETTERS,
        TOOLS,
    ),
    schema={"prompt": [_TURN], "completion": [_TURN], **_TOOLS},
)

_PAIR = joined(
    "'\"prompt\":[' || pair.prompt || ']'",
    "'\"chosen\":[' || pair.chosen || ']'",
    "'\"rejected\":[' || pair.rejected || ']'",
    TOOLS_MEMBER,
)

TRL_PREFERENCE = Target(
    name="trl",
    title="prompt, chosen and rejected, for TRL's DPOTrainer and RewardTrainer",
    loaded=True,
    rows=many(f"list_transform(pairs, lambda pair: {_PAIR})", PAIR_REASON, *PAIR_STEPS),
    schema={"prompt": [_TURN], "chosen": [_TURN], "rejected": [_TURN], **_TOOLS},
)
