"""What a lint found, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from rolethread_store.formats.lint.rules import resolved_by
from rolethread_store.formats.lint.verdict import Verdict

__all__ = ["Finding", "LintReport", "RuleCount"]

_FATAL = (Verdict.DROPPED, Verdict.REFUSED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One entry that a rule is about.

    Attributes:
        entry_id: The entry.
        turn: The first message concerned, from 0; ``None`` for the whole entry.
        rule: The rule.
        verdict: What becomes of the entry, as far as this rule goes.
        message: What the trainer prints, or does without a word.
    """

    entry_id: UUID
    turn: int | None
    rule: str
    verdict: Verdict
    message: str


@dataclass(frozen=True, slots=True)
class RuleCount:
    """What one rule found in all.

    Attributes:
        rule: Its name.
        title: What it finds.
        verdict: What becomes of the entries concerned.
        message: What the trainer prints, or does without a word.
        entries: How many entries are concerned.
        certain: Whether the trainer is known to do so, whatever the model's template.
        whole_file: Whether it is about all entries together.
        mended: Whether an export to the target writes it in another way anyhow.
        resolved_by: Options of an export that keep it from being so.
    """

    rule: str
    title: str
    verdict: Verdict
    message: str
    entries: int
    certain: bool
    whole_file: bool
    mended: bool
    resolved_by: tuple[str, ...]

    @property
    def refusing(self) -> bool:
        """Whether an export should not be written without a word from the user."""
        return self.certain and not self.mended and self.verdict in _FATAL


@dataclass(frozen=True, slots=True)
class LintReport:
    """What a target does with a dataset.

    Attributes:
        target: The target.
        template: Family of chat templates it was asked for, if any.
        entries: Entries that were looked at.
        verdicts: Entries by the worst verdict that is certain of the rules about single
            entries; every verdict has its number, and the numbers add up to ``entries``.
        doubtful: Entries that fare worse with some chat templates than with others.
        rules: Rules that found something, in a fixed order.
        findings: The first entries of each rule, in the order of the dataset.
    """

    target: str
    template: str | None
    entries: int
    verdicts: dict[Verdict, int]
    doubtful: int
    rules: tuple[RuleCount, ...]
    findings: tuple[Finding, ...]

    @property
    def refusing(self) -> tuple[RuleCount, ...]:
        """The rules for which records are certainly refused or dropped; none: go ahead."""
        return tuple(rule for rule in self.rules if rule.refusing)

    @property
    def options(self) -> tuple[str, ...]:
        """Options of an export that resolve what is refusing, each once."""
        return tuple(dict.fromkeys(o for rule in self.refusing for o in resolved_by(rule.rule)))
