"""Write ``docs/formats-lint.md`` from the lint's own table: ``python docs/make_lint.py``.

``--check`` writes nothing and fails when the file is not what it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from rolethread_store.formats.lint import (
    FAMILY_NAMES,
    FILE_RULES,
    RULES,
    TARGETS,
    Cell,
    cell_of,
)

__all__ = ["page"]

TARGET = Path(__file__).with_name("formats-lint.md")
_GROUPS = (
    ("llamafactory", "llamafactory-openai", "torchtune", "mistral", "openai", "together", "trl"),
    ("openai-preference", "kto", "alpaca", "mlx", "chatml", "transcript"),
)
_HEAD = """\
# What trainers do with an entry

This page is written by `python docs/make_lint.py` from the table that `rolethread lint`
reads; change it there.

```
rolethread lint tavern --target llamafactory
rolethread lint tavern --target axolotl --template gemma --json
```

| verdict | what becomes of the entry |
|---|---|
| kept | all of it is trained |
| masked | all of it is read, less of it is trained than it seems |
| cut | text is lost or altered |
| dropped | it is left out, without an error |
| refused | the trainer stops, or takes the whole file for invalid |

Nothing is run, sent or written: the verdicts come from a table. For LLaMA-Factory,
torchtune and mistral-finetune they were measured with those trainers' own converters and
validators; those of OpenAI and Together follow their documents. Axolotl, TRL, Unsloth, MLX
and TRL's KTO hand an entry to the model's chat template, so for them 62 templates that
Axolotl and TRL ship were rendered, and the verdict says how many of them do it. Then the
verdict has a question mark, and the entry counts as *doubtful* instead: some models take
it, some do not. `--template` names the model's family and sharpens the answer, from the
templates of axolotl 0.19.0 and trl 1.16.0. A question mark elsewhere: nobody documents it.

Entries are taken as they stand in the store, with every field by its usual name. An export
to the target gives turns one of the four roles trainers know, writes calls as the target
reads them, and joins lists of text; `--as-exported` asks about the records it writes.

An entry is looked at by its letters (who speaks in which order) and by a few bits per
message, which one pass over the dataset makes; a million entries take some seconds.
"""


def _table(targets: tuple[str, ...]) -> Iterator[str]:
    yield f"| finding | rule | {' | '.join(targets)} |"
    yield "|---" * (len(targets) + 2) + "|"
    for rule in (*RULES, *FILE_RULES):
        cells = [cell_of(rule.name, target) for target in targets]
        if any(cells):
            words = " | ".join("" if cell is None else _word(cell) for cell in cells)
            title = rule.title.replace("<think>", "`<think>`")
            yield f"| {title} | `{rule.name}` | {words} |"


def _word(cell: Cell) -> str:
    return cell.verdict.value + ("" if cell.certain else "?")


def _messages() -> Iterator[str]:
    yield "| rule | target | verdict | what the trainer prints, or does |"
    yield "|---|---|---|---|"
    for rule in (*RULES, *FILE_RULES):
        told: dict[tuple[str, str], list[str]] = {}
        for target in TARGETS:
            cell = cell_of(rule.name, target)
            if cell is not None:
                told.setdefault((_word(cell), cell.message), []).append(target)
        for (word, message), targets in told.items():
            yield f"| `{rule.name}` | {', '.join(targets)} | {word} | {message} |"


def _options() -> Iterator[str]:
    yield "| rule | option |"
    yield "|---|---|"
    for rule in (*RULES, *FILE_RULES):
        if rule.options:
            yield f"| `{rule.name}` | {', '.join(f'`{option}`' for option in rule.options)} |"


def page() -> str:
    """Return the page."""
    parts = [_HEAD, "## The verdicts\n"]
    parts += ["\n".join(_table(group)) + "\n" for group in _GROUPS]
    parts += [
        "An empty cell: the trainer takes it as it is. `axolotl` and `unsloth` fare as `trl` "
        "does; `sharegpt`, `parquet`, `csv` and `hf` as `chatml`.\n",
        "## In the trainers' words\n",
        "\n".join(_messages()) + "\n",
        "## What an export can do about it\n",
        "`--where` leaves such entries out; the other options mend them.\n",
        "\n".join(_options()) + "\n",
        "## Families of chat templates\n",
        ", ".join(f"`{name}`" for name in FAMILY_NAMES) + "\n",
    ]
    return "\n".join(parts)


def main() -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" in sys.argv:
        return int(TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
