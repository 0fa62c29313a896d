"""What the lint looks for: each rule a predicate over the narrow row that one pass makes.

The row has ``roles`` (one letter per message), ``marks`` (one set of bits per message), and
``seen`` and ``earlier`` (the bits of all messages, and of all but the last).
"""

from __future__ import annotations

from dataclasses import dataclass

from rolethread_store.engine import literal
from rolethread_store.formats.lint.marks import Mark

__all__ = ["FILE_RULES", "RULES", "Rule", "resolved_by"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for in an entry.

    Attributes:
        name: Its name on the command line and in reports.
        title: What it finds, in a few words.
        test: SQL over the narrow row, true when it is found.
        turn: SQL giving the first message concerned, from 0; ``NULL`` for the whole entry.
        marks: Which bits of messages it reads.
        options: What an export can be told to do about it.
    """

    name: str
    title: str
    test: str
    turn: str = "NULL"
    marks: Mark = Mark.NONE
    options: tuple[str, ...] = ()


def _order(
    name: str, title: str, before: str, pattern: str, *options: str, offset: int = 0
) -> Rule:
    """Make a rule about the order of roles: ``pattern`` after the shortest ``before``."""
    whole = f"^({before}){pattern}"
    turn = f"length(regexp_extract(roles, {literal(whole)}, 1)) + {offset}"
    return Rule(name, title, f"regexp_matches(roles, {literal(whole)})", turn, options=options)


def _marked(name: str, title: str, mark: Mark, *options: str, test: str = "seen") -> Rule:
    turn = f"list_position(list_transform(marks, lambda one: one & {mark.value} <> 0), true) - 1"
    return Rule(name, title, f"{test} & {mark.value} <> 0", turn, mark, options)


RULES: tuple[Rule, ...] = (
    Rule("no-messages", "no message at all", "roles = ''", options=("--where",)),
    _order("no-assistant", "no assistant turn", "", "[^a]+$", "--where"),
    _order("unknown-role", "a role no trainer knows", ".*?", "x", "--where"),
    _order("system-first", "opens with a system prompt", "", "s"),
    _order("greeting-first", "the assistant speaks first", "[sd]*", "a", "--greeting-first stub",
           "--greeting-first fold"),
    _order("users-in-a-row", "two user turns in a row", ".*?", "uu", "--where", offset=1),
    _order("assistants-in-a-row", "two assistant turns in a row", ".*?", "aa", "--where",
           offset=1),
    _order("system-in-the-middle", "a system turn after the first message", ".+?", "s",
           "--system merge", "--system first"),
    _order("ends-unanswered", "does not end with an assistant turn", ".*", "[^a]$",
           "--ending trim", "--where"),
    Rule("other-order", "user and assistant do not take turns",
         "NOT regexp_full_match(roles, 's?([ut]a)*[ut]?') AND NOT "
         "regexp_matches(roles, '^$|^[sd]*a|uu|aa|.s|d|x')", options=("--where",)),
    _marked("content-parts", "content is a list of parts", Mark.PARTS, "--where"),
    _marked("content-null", "no content and no call", Mark.EMPTY, "--where"),
    _marked("name", "a name on a message", Mark.NAME, "--names prefix", "--names drop"),
    _marked("reasoning", "reasoning beside the text", Mark.REASONING),
    _marked("thinking-in-text", "<think> in an earlier assistant turn", Mark.THINKING,
            test="earlier"),
    _marked("tool-call-string", "a tool call with its arguments as text", Mark.CALL_TEXT,
            "--where"),
    _marked("tool-call-object", "a tool call with its arguments as an object", Mark.CALL_OBJECT,
            "--where"),
    _marked("tool-id", "a tool call id that is not 9 letters or digits", Mark.TOOL_ID, "--where"),
    _order("developer-role", "the role developer", ".*?", "d", "--where"),
    _marked("edge-whitespace", "blanks or line breaks around a text", Mark.EDGES),
    _marked("weight", "a weight other than 0 and 1", Mark.WEIGHT, "--where"),
    Rule("tools", "lists tools", "tools AND length(regexp_replace(roles, '[^a]', '', 'g')) > 1",
         options=("--where",)),
    Rule("no-tools", "lists no tools", "NOT tools"),
    Rule("no-pair", "neither a preferred and a rejected answer nor alternatives",
         f"NOT pair AND seen & {Mark.ALTERNATIVES.value} = 0", marks=Mark.ALTERNATIVES,
         options=("--where",)),
    Rule("no-label", "neither a label true or false nor a pair of answers",
         f"NOT label AND NOT pair AND seen & {Mark.ALTERNATIVES.value} = 0",
         marks=Mark.ALTERNATIVES, options=("--where",)),
)  # fmt: skip
"""Rules about single entries, in the order they are reported."""

FILE_RULES: tuple[Rule, ...] = (
    Rule("few-examples", "fewer than 10 entries", "true"),
    Rule("mixed-shapes", "entries of several shapes", "true", options=("--clean", "--where")),
)
"""Rules about all entries together; their tests are counts."""


def resolved_by(rule: str) -> tuple[str, ...]:
    """Return the options of an export that keep a rule from finding anything.

    ``--where`` leaves such entries out; the others mend them.
    """
    known = {one.name: one.options for one in (*RULES, *FILE_RULES)}
    return known.get(rule, ())
