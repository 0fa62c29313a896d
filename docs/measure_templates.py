"""Measure what chat templates do with the lint's probes: ``measure_templates.py FOLDER...``.

Each folder holds the unpacked wheels of one release of Axolotl or TRL; ``pip download
--no-deps axolotl==0.19.0 trl==1.16.0`` fetches them. Needs jinja2, which nothing else here
does. Prints the rows of ``rolethread_store/formats/lint/families.py``.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateError, ext, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["measured"]

# Stems of the template files of each family, without those that render no plain text.
FAMILIES = {
    "alpaca": ["alpaca"],
    "aya": ["aya"],
    "chatml": ["chatml"],
    "cohere": ["cohere"],
    "cohere2": ["cohere2"],
    "command-a": ["command_a", "command_a_rag", "command_a_tool_use"],
    "deepseek-r1-distill": ["deepseek_r1_distill"],
    "deepseek-v2": ["deepseek_v2"],
    "deepseek-v3": ["deepseek_v3", "deepseekv3"],
    "exaone": ["exaone"],
    "exaone4": ["exaone4"],
    "falcon-h1": ["falcon_h1"],
    "gemma": ["gemma"],
    "gemma3": ["gemma3", "gemma3n"],
    "gemma4": ["gemma4", "gemma4_unified", "gemma4_v2", "gemma4_v3", "gemma4_v4", "gemma4_v5"],
    "glm-4.5": ["glm4moe"],
    "gpt-oss": ["gptoss"],
    "jamba": ["jamba"],
    "lfm2": ["lfm2", "lfm2_v2"],
    "lfm2.5": ["lfm2_2_5", "lfm2_2_5_v2", "lfm2_2_5_vl"],
    "llama3": ["llama3", "llama3_1", "llama3_2", "llama3_2_vision"],
    "llama4": ["llama4"],
    "metharme": ["metharme"],
    "mistral": ["mistral_v1", "mistral_v2v3", "mistral_v3_tekken"],
    "mistral-v7": ["mistral_v7_tekken"],
    "nemotron-3": [
        "nemotron_3_5_lightning", "nemotron_3_nano", "nemotron_3_super", "nemotron_3_ultra",
    ],
    "nemotron-h": ["nemotron_h"],
    "phi-3": ["phi_3", "phi_35", "phi3", "phi3_5"],
    "phi-4": ["phi_4"],
    "pixtral": ["pixtral"],
    "qwen2.5": ["qwen_25", "qwen2_vl", "qwen2_5", "qwen2_5_vl"],
    "qwen3": ["qwen3", "qwen3_instruct_2507", "qwen3_vl"],
    "qwen3.5": ["qwen3_5", "qwen3_5_nothink", "qwen3_5_think", "qwen3_6", "qwen3_8"],
}  # fmt: skip

_TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "lookQQ",
            "description": "d",
            "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
        },
    }
]
Message = dict[str, Any]


class _Generation(ext.Extension):
    """Takes ``{% generation %}`` for what it encloses, as a rendering without a mask does."""

    tags = {"generation"}  # noqa: RUF012 - the base class has it so

    def parse(self, parser: Any) -> nodes.Node:  # noqa: ANN401
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = nodes.CallBlock(self.call_method("_same"), [], [], body)
        return call.set_lineno(line)

    def _same(self, caller: Callable[[], str]) -> str:
        return caller()


def _environment() -> ImmutableSandboxedEnvironment:
    """Return an environment as transformers makes it."""
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[ext.loopcontrols, _Generation]
    )

    def tojson(value: object, ensure_ascii: bool = False, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)

    def refuse(message: str) -> None:
        raise TemplateError(message)

    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = refuse
    made.globals["strftime_now"] = lambda words: datetime(2026, 1, 1, tzinfo=UTC).strftime(words)
    return made


def _said(role: str, content: object, **fields: object) -> Message:
    return {"role": role, "content": content, **fields}


def _call(arguments: object) -> list[Message]:
    function = {"name": "lookQQ", "arguments": arguments}
    calls = [{"id": "abcdefghi", "type": "function", "function": function}]
    return [
        _said("user", "q1QQ"),
        _said("assistant", "", tool_calls=calls),
        _said("tool", "resQQ", tool_call_id="abcdefghi", name="lookQQ"),
        _said("assistant", "r2QQ"),
    ]


def _has(*marks: str) -> Callable[[str], bool]:
    return lambda text: all(mark in text for mark in marks)


def _has_not(*marks: str) -> Callable[[str], bool]:
    return lambda text: not any(mark in text for mark in marks)


_U1, _A1 = _said("user", "q1QQ"), _said("assistant", "r1QQ")
_U2, _A2 = _said("user", "q2QQ"), _said("assistant", "r2QQ")
_TURNS = [_U1, _A1, _U2, _A2]
_SYSTEM = _said("system", "sysQQ")
_THOUGHT = "<think>\n{}\n</think>\n\n{}"

# The messages, and the tests a rendering must pass: all of the text is there, as it was.
PROBES: dict[str, tuple[list[Message], list[Callable[[str], bool]]]] = {
    "system-first": ([_SYSTEM, *_TURNS], [_has("sysQQ")]),
    "greeting-first": ([_said("assistant", "helloQQ"), _U1, _A1], [_has("helloQQ", "q1QQ")]),
    "users-in-a-row": ([_U1, _U2, _A2], [_has("q1QQ", "q2QQ", "r2QQ")]),
    "assistants-in-a-row": ([_U1, _A1, _A2], [_has("r1QQ", "r2QQ")]),
    "system-in-the-middle": ([_U1, _A1, _SYSTEM, _U2, _A2], [_has("sysQQ", "q2QQ")]),
    "ends-unanswered": ([*_TURNS, _said("user", "q3QQ")], [_has("q3QQ")]),
    "content-parts": (
        [_said("user", [{"type": "text", "text": "q1QQ"}]),
         _said("assistant", [{"type": "text", "text": "r1QQ"}])],
        [_has("q1QQ", "r1QQ"), _has_not("'text'", '"text"')],
    ),
    "content-null": (
        [_U1, _said("assistant", None), _U2, _A2],
        [_has("q1QQ", "q2QQ", "r2QQ"), _has_not("None", "null")],
    ),
    "name": (
        [_said("user", "q1QQ", name="GretaZZ"), _said("assistant", "r1QQ", name="RexZZ")],
        [_has("GretaZZ", "RexZZ")],
    ),
    "reasoning": (
        [_U1, _said("assistant", "r1QQ", reasoning_content="th1QQ"),
         _U2, _said("assistant", "r2QQ", reasoning_content="th2QQ")],
        [_has("th1QQ", "th2QQ")],
    ),
    "thinking-in-text": (
        [_U1, _said("assistant", _THOUGHT.format("th1QQ", "r1QQ")),
         _U2, _said("assistant", _THOUGHT.format("th2QQ", "r2QQ"))],
        [_has("th1QQ", "th2QQ", "r1QQ", "r2QQ")],
    ),
    "tool-call-string": (_call('{"q": "argQQ"}'), [_has("argQQ", "r2QQ")]),
    "tool-call-object": (_call({"q": "argQQ"}), [_has("argQQ", "r2QQ")]),
    "developer-role": ([_said("developer", "devQQ"), *_TURNS], [_has("devQQ")]),
    "edge-whitespace": (
        [_said("user", "  q1QQ \n"), _said("assistant", "\n\n r1QQ  \n"),
         _U2, _said("assistant", "  r2QQ  ")],
        [_has("  q1QQ \n", "\n\n r1QQ  \n", "  r2QQ  ")],
    ),
}  # fmt: skip


def _compiled(text: str) -> Template:
    return _environment().from_string(text)


def measured(path: Path, compiled: Callable[[str], Template] = _compiled) -> list[str]:
    """Return for each probe what a template does: ``r`` raises, ``l`` loses, nothing: keeps.

    Args:
        path: The template.
        compiled: What makes a template of its text.
    """
    template = compiled(path.read_text(encoding="utf-8"))
    found = []
    for name, (messages, tests) in PROBES.items():
        try:
            text = template.render(
                messages=copy.deepcopy(messages),
                tools=_TOOLS if name.startswith("tool-") else None,
                documents=None,
                add_generation_prompt=False,
                bos_token="<bos>",  # noqa: S106
                eos_token="<eos>",  # noqa: S106
            )
        except Exception:  # noqa: BLE001 - whatever a template stumbles over ends the training
            found.append("r")
        else:
            found.append("" if all(test(text) for test in tests) else "l")
    return found


def _row(outcomes: list[str]) -> str:
    raises, loses = outcomes.count("r"), outcomes.count("l")
    return (f"r{raises}" if raises else "") + (f"l{loses}" if loses else "") or "."


def main() -> int:
    """Print the rows."""
    paths = [path for folder in sys.argv[1:] for path in Path(folder).rglob("*.jinja")]
    for family, stems in FAMILIES.items():
        found = [measured(path) for path in sorted(paths) if path.stem in stems]
        rows = (_row([one[place] for one in found]) for place in range(len(PROBES)))
        print(f'    "{family}": ({len(found)}, "{" ".join(rows)}"),')
    return 0


if __name__ == "__main__":
    sys.exit(main())
