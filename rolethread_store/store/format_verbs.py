"""The verbs of a dataset that concern foreign formats beside import and export."""

from __future__ import annotations

from rolethread_store.changelog import DatasetFold
from rolethread_store.formats.lint import LintReport
from rolethread_store.store import linting
from rolethread_store.store.parts import Parts

__all__ = ["FormatVerbs"]


class FormatVerbs:
    """What :class:`~rolethread_store.store.Dataset` knows of trainers and sidecars."""

    _parts: Parts
    name: str

    def _read(self, at: int | None) -> DatasetFold:
        raise NotImplementedError

    def lint(
        self,
        target: str,
        *,
        template: str | None = None,
        where: str | None = None,
        at: int | None = None,
        limit: int = 5,
    ) -> LintReport:
        """Predict what a trainer does with each entry: keep, mask, cut, drop or refuse it.

        Args:
            target: The trainer or format, such as ``"llamafactory"``.
            template: Family of the model's chat template, such as ``"gemma"``, for trainers
                that leave it to one.
            where: SQL condition over the entries' columns.
            at: Ask about this version instead of the working copy.
            limit: Entries to name for each rule, at most.

        Raises:
            TargetUnknown: there is no such target.
            TemplateUnknown: there is no such family.
            QueryInvalid: the condition is wrong.
        """
        return linting.lint(
            self._parts, self._read(at), target, template=template, where=where, limit=limit
        )
