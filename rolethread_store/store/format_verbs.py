"""The verbs of a dataset that concern foreign formats beside import and export."""

from __future__ import annotations

from pathlib import Path

from rolethread_store import __version__
from rolethread_store.changelog import DatasetFold
from rolethread_store.formats.lint import LintReport
from rolethread_store.store import linting, sidecar_writing, sidecars
from rolethread_store.store.parts import Parts
from rolethread_store.store.sidecar_writing import SidecarExport
from rolethread_store.store.sidecars import SidecarReport

__all__ = ["FormatVerbs"]


class FormatVerbs:
    """What :class:`~rolethread_store.store.Dataset` knows of trainers and sidecars."""

    _parts: Parts
    name: str

    def _read(self, at: int | None) -> DatasetFold:
        raise NotImplementedError

    def _fold_to_write(self) -> DatasetFold:
        raise NotImplementedError

    def lint(
        self,
        target: str,
        *,
        template: str | None = None,
        where: str | None = None,
        at: int | None = None,
        as_exported: bool = False,
        limit: int = 5,
    ) -> LintReport:
        """Predict what a trainer does with each entry: keep, mask, cut, drop or refuse it.

        Args:
            target: The trainer or format, such as ``"llamafactory"``.
            template: Family of the model's chat template, such as ``"gemma"``, for trainers
                that leave it to one.
            where: SQL condition over the entries' columns.
            at: Ask about this version instead of the working copy.
            as_exported: Ask about the records that an export to the target writes, instead of
                records that give every field as it stands in the store.
            limit: Entries to name for each rule, at most.

        Raises:
            TargetUnknown: there is no such target.
            TemplateUnknown: there is no such family.
            QueryInvalid: the condition is wrong.
        """
        question = linting.LintQuestion(target, template, where, as_exported, limit)
        return linting.lint(self._parts, self._read(at), question)

    def check_sidecar(self, path: str | Path, *, replace: bool = False) -> SidecarReport:
        """Tell what an import of a ``.registry.json`` would do; nothing changes.

        Raises:
            SidecarMissing: the file is not there.
            SidecarUnreadable: it is no sidecar; the message names the first fault.
            SidecarTooNew: its schema is newer than what is known here.
        """
        return sidecars.check_sidecar(self._parts, self._read(None), Path(path), replace=replace)

    def import_sidecar(
        self, path: str | Path, *, force: bool = False, replace: bool = False
    ) -> SidecarReport:
        """Take over what a ``.registry.json`` says: definitions, and who speaks which turns.

        What the store defines differently stays, unless ``replace`` is set. Keys that are
        not known here are kept, and :meth:`export_sidecar` writes them again.

        Args:
            path: The file; it is only read.
            force: Also when it is of another dataset.
            replace: Let its definitions win.

        Raises:
            SidecarForeign: it is of another dataset.
            SidecarUnreadable: it is no sidecar; the message names the first fault.
        """
        return sidecars.import_sidecar(
            self._parts, self._fold_to_write(), Path(path), force=force, replace=replace
        )

    def export_sidecar(self, path: str | Path, *, force: bool = False) -> SidecarExport:
        """Write the dataset's ``.registry.json``, in clear.

        Args:
            path: The file.
            force: Replace a sidecar of the same dataset; any other file is never replaced.

        Raises:
            OutputExists: the file is there and ``force`` is not.
            SidecarForeign: what is there is something else.
        """
        return sidecar_writing.export_sidecar(
            self._parts, self._read(None), Path(path), __version__, force=force
        )
