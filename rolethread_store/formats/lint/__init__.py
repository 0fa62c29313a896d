"""The lint: what each trainer does with a record, predicted without running it."""

from rolethread_store.formats.lint.families import FAMILY_NAMES, TemplateUnknown
from rolethread_store.formats.lint.linting import lint_relation
from rolethread_store.formats.lint.report import Finding, LintReport, RuleCount
from rolethread_store.formats.lint.rules import FILE_RULES, RULES, Rule, resolved_by
from rolethread_store.formats.lint.targets import (
    TARGETS,
    TargetUnknown,
    TemplateUnneeded,
    cell_of,
)
from rolethread_store.formats.lint.verdict import Cell, Verdict

__all__ = [
    "FAMILY_NAMES",
    "FILE_RULES",
    "RULES",
    "TARGETS",
    "Cell",
    "Finding",
    "LintReport",
    "Rule",
    "RuleCount",
    "TargetUnknown",
    "TemplateUnknown",
    "TemplateUnneeded",
    "Verdict",
    "cell_of",
    "lint_relation",
    "resolved_by",
]
