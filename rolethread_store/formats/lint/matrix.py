"""What each trainer does with what each rule finds, as a table.

LLaMA-Factory, torchtune and mistral-finetune: measured by running their own converters and
validators. OpenAI and Together: from their documents. Axolotl, TRL, Unsloth and MLX hand a
record to the model's chat template, so :mod:`families` counts what templates do. A rule that
has no cell for a target does not concern it.
"""

from __future__ import annotations

from collections.abc import Mapping

from rolethread_store.formats.lint.verdict import Cell, Verdict

__all__ = ["CELLS", "FEWEST_EXAMPLES", "TEMPLATE_WORDS"]

FEWEST_EXAMPLES = 10

_KEPT, _MASKED, _CUT, _DROPPED, _REFUSED = Verdict


def _refused(message: str) -> Cell:
    return Cell(_REFUSED, message)


def _dropped(message: str) -> Cell:
    return Cell(_DROPPED, message)


def _cut(message: str) -> Cell:
    return Cell(_CUT, message)


def _masked(message: str) -> Cell:
    return Cell(_MASKED, message)


def _unknown(what: str) -> Cell:
    return Cell(_KEPT, f"not documented: {what}", certain=False)


_EMPTIED = _dropped("Dropped invalid example")
_ODD_COUNT = _dropped("Dropped invalid example (an odd number of turns)")
_NOTHING_TRAINED = _masked("no turn of it is trained")
_CALLS_LOST = _cut("tool_calls is not read: the call is lost without a word")
_SPOKEN_ONLY = "only role and content are read; it is left out without a word"
_ONE_SHAPE = "the keys of the first record are taken for all"

_LLAMAFACTORY: dict[str, Cell] = {
    "no-messages": _EMPTIED,
    "no-assistant": _EMPTIED,
    "unknown-role": _EMPTIED,
    "greeting-first": _EMPTIED,
    "users-in-a-row": _EMPTIED,
    "assistants-in-a-row": _EMPTIED,
    "system-in-the-middle": _EMPTIED,
    "ends-unanswered": _ODD_COUNT,
    "other-order": _EMPTIED,
    "content-parts": _refused("RuntimeError: Expected a string, got [...]"),
    "content-null": _refused("RuntimeError: Expected a string, got None"),
    "name": _cut(_SPOKEN_ONLY),
    "reasoning": _cut(_SPOKEN_ONLY),
    "mixed-shapes": _cut(_ONE_SHAPE),
}

# The branch after its last release takes an answer to a tool's result.
_AFTER_A_TOOL = Cell(
    _REFUSED,
    "release 0.6.1: Assistant message before expected user message, after a tool's result",
    certain=False,
)
_TORCHTUNE: dict[str, Cell] = {
    "no-messages": _refused("Messages must be at least length 2"),
    "no-assistant": _NOTHING_TRAINED,
    "unknown-role": _refused("the role is none of system, user, assistant, ipython and tool"),
    "greeting-first": _refused("Assistant message before expected user, tool or ipython message"),
    "users-in-a-row": _refused("Two consecutive user messages"),
    "assistants-in-a-row": _refused(
        "Assistant message before expected user, tool or ipython message"
    ),
    "system-in-the-middle": _refused("System message … must come first"),
    "reasoning": _cut(_SPOKEN_ONLY),
    "tool-call-string": _AFTER_A_TOOL,
    "tool-call-object": _AFTER_A_TOOL,
}

_MISTRAL: dict[str, Cell] = {
    "no-messages": _refused("Conversation must have at least one message"),
    "no-assistant": _refused("Expected last role Assistant for finetuning"),
    "unknown-role": _refused("the role is none of system, user, assistant and tool"),
    "system-in-the-middle": _cut("the one system text is moved to the prompt's beginning"),
    "ends-unanswered": _refused("Expected last role Assistant for finetuning"),
    "content-parts": _refused("content must be a text"),
    "content-null": _refused("a message must have content or tool calls"),
    "reasoning": _cut(_SPOKEN_ONLY),
    "tool-call-object": _refused("the arguments of a call must be a text"),
    "tool-id": _refused("Tool call id … must be a-z, A-Z, 0-9, with a length of 9"),
    "developer-role": _refused("the role is none of system, user, assistant and tool"),
    "weight": _refused("Assistant message weight must be either 0 or 1"),
    "tools": _masked("only_last=True: only the last assistant turn is trained"),
    "mixed-shapes": _refused("the records of one file must have one shape"),
}

_OPENAI: dict[str, Cell] = {
    "no-messages": _refused("missing_messages_list"),
    "no-assistant": _refused("example_missing_assistant_message"),
    "unknown-role": _refused("unrecognized_role"),
    "content-null": _refused("missing_content"),
    "tool-call-object": _refused("data_type: the arguments of a call must be a text"),
    "weight": _refused("the weight of an assistant message must be 0 or 1"),
    "few-examples": _refused(f"a file needs at least {FEWEST_EXAMPLES} examples"),
    "mixed-shapes": _refused("the records of one file must have one shape"),
}

_ALTERNATE = _refused("after a system message, user and assistant must take turns")
_TOGETHER: dict[str, Cell] = {
    "no-messages": _refused("a record must have messages"),
    "no-assistant": _NOTHING_TRAINED,
    "unknown-role": _refused("a role must be system, user or assistant"),
    "greeting-first": _ALTERNATE,
    "users-in-a-row": _ALTERNATE,
    "assistants-in-a-row": _ALTERNATE,
    "system-in-the-middle": _ALTERNATE,
    "other-order": _ALTERNATE,
    "content-parts": _unknown("content as a list of parts"),
    "content-null": _unknown("a message without content"),
    "name": _unknown("a name on a message"),
    "tool-call-string": _unknown("tool calls"),
    "tool-call-object": _unknown("tool calls"),
    "tool-id": _unknown("tool calls"),
    "developer-role": _unknown("the role developer"),
    "weight": _refused("a weight must be 0 or 1"),
    "mixed-shapes": _refused("a file that could be of two formats is rejected"),
}

# What does not depend on the template; the rest comes from the families.
_TEMPLATED: dict[str, Cell] = {
    "no-messages": _refused("there is nothing to render"),
    "no-assistant": _NOTHING_TRAINED,
    "unknown-role": Cell(
        _CUT,
        "not measured; of 62 stock templates 40 lose or refuse even the role developer",
        certain=False,
    ),
    "ends-unanswered": _masked("the last turn is read, but nothing after it is trained"),
}
_MLX: dict[str, Cell] = {**_TEMPLATED, "mixed-shapes": _cut("the first record decides for all")}

_ALPACA: dict[str, Cell] = {
    "no-messages": _dropped("there is no instruction to write"),
    "no-assistant": _dropped("there is no output to write"),
    "unknown-role": _dropped("instruction, output and history hold user and assistant only"),
    "greeting-first": _dropped("history holds pairs that a user begins"),
    "users-in-a-row": _dropped("history holds pairs of a user and an assistant turn"),
    "assistants-in-a-row": _dropped("history holds pairs of a user and an assistant turn"),
    "system-in-the-middle": _dropped("system is one field, at the beginning"),
    "ends-unanswered": _dropped("there is no output to write"),
    "other-order": _dropped("history holds pairs of a user and an assistant turn"),
    "content-parts": _dropped("instruction and output are texts"),
    "content-null": _dropped("instruction and output are texts"),
    "name": _cut("the shape has no place for it"),
    "reasoning": _cut("the shape has no place for it"),
    "tool-call-string": _CALLS_LOST,
    "tool-call-object": _CALLS_LOST,
    "developer-role": _dropped("instruction, output and history hold user and assistant only"),
    "weight": _cut("the shape has no place for it"),
}

_STRUCTURE: dict[str, Cell] = {
    "no-messages": _masked("the record is written, and has nothing to train"),
    "no-assistant": _NOTHING_TRAINED,
    "unknown-role": Cell(_KEPT, "the role is written as it stands", certain=False),
}

CELLS: Mapping[str, Mapping[str, Cell]] = {
    "llamafactory": {
        **_LLAMAFACTORY,
        "tool-call-string": _CALLS_LOST,
        "tool-call-object": _CALLS_LOST,
        "developer-role": _EMPTIED,
    },
    "llamafactory-openai": {
        **_LLAMAFACTORY,
        "unknown-role": _refused("KeyError: the role"),
        "developer-role": _refused("KeyError: 'developer'"),
        "tool-call-string": _cut("the arguments are trained as a text in quotes"),
        "no-tools": _cut(
            "“detailed thinking off” is put behind the system prompt, or in place of one"
        ),
    },
    "torchtune": _TORCHTUNE,
    "mistral": _MISTRAL,
    "openai": _OPENAI,
    "openai-preference": {
        # The answers stand beside the messages, and the exporter writes one shape.
        **{rule: _OPENAI[rule] for rule in _OPENAI.keys() - {"no-assistant", "mixed-shapes"}},
        "no-pair": _dropped("there is no preferred and non-preferred output to write"),
    },
    "together": _TOGETHER,
    "trl": {
        **_TEMPLATED,
        "no-assistant": Cell(
            _REFUSED,
            "assistant_only_loss=True: RuntimeError, no assistant tokens; without it the user's "
            "turns are trained",
            certain=False,
        ),
    },
    "axolotl": _TEMPLATED,
    "unsloth": _TEMPLATED,
    "mlx": _MLX,
    "kto": {**_TEMPLATED, "no-label": _dropped("there is no label true or false to write")},
    "alpaca": _ALPACA,
    "chatml": _STRUCTURE,
    "sharegpt": _STRUCTURE,
    "parquet": _STRUCTURE,
    "csv": _STRUCTURE,
    "hf": _STRUCTURE,
    "transcript": {
        **_STRUCTURE,
        "content-parts": _cut("a transcript is text: the parts are not in it"),
        "content-null": _cut("a transcript is text: the turn has none"),
        "tool-call-string": _cut("a transcript is text: the call is not in it"),
        "tool-call-object": _cut("a transcript is text: the call is not in it"),
    },
}
"""By target, then by rule."""

TEMPLATE_WORDS: Mapping[str, tuple[str, str]] = {
    "system-first": ("System role not supported", "do not print the system text"),
    "greeting-first": ("Conversation roles must alternate user/assistant/user/assistant/...", ""),
    "users-in-a-row": ("Conversation roles must alternate user/assistant/user/assistant/...", ""),
    "assistants-in-a-row": (
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "",
    ),
    "system-in-the-middle": (
        "Conversation roles must alternate, or the system message must be first",
        "do not print the system text",
    ),
    "content-parts": (
        'can only concatenate str (not "list") to str',
        "print the list itself into the text, or lose it",
    ),
    "content-null": (
        'can only concatenate str (not "NoneType") to str',
        "print the word None or null into the text",
    ),
    "name": ("", "do not print it"),
    "reasoning": ("", "do not print it, or only that of the last turn"),
    "thinking-in-text": ("", "remove the thinking of all turns but the last"),
    "tool-call-string": (
        "the template needs an object, or knows no calls",
        "do not print the call",
    ),
    "tool-call-object": (
        "the template needs a text, or knows no calls",
        "do not print the call",
    ),
    "developer-role": ("the template does not know the role", "do not print the text"),
    "edge-whitespace": ("", "strip it"),
}
"""By rule: what templates that raise say, and what the others do to the text."""
