"""LLaMA-Factory's data pipeline, run as its training does: load, align, tokenize."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.formats.targets.consuming import Module
from tests.formats.targets.tiny import made_tokenizer

__all__ = ["OPENAI_TAGS", "Factory"]

OPENAI_TAGS = {
    "role_tag": "role", "content_tag": "content", "user_tag": "user",
    "assistant_tag": "assistant", "observation_tag": "tool", "function_tag": "function",
    "system_tag": "system",
}  # fmt: skip


@dataclass
class Factory:
    """The pipeline, with a cache of its own."""

    cache: Path

    def aligned(self, folder: Path, name: str) -> Module:
        """Return the dataset of that name as its loader gives it."""
        parser = pytest.importorskip("llamafactory.data.parser", exc_type=ImportError)
        loader = pytest.importorskip("llamafactory.data.loader", exc_type=ImportError)
        hparams = pytest.importorskip("llamafactory.hparams", exc_type=ImportError)
        [attributes] = parser.get_dataset_list([name], str(folder))
        return loader._load_single_dataset(
            attributes,
            hparams.ModelArguments(model_name_or_path="none", cache_dir=str(self.cache)),
            hparams.DataArguments(dataset_dir=str(folder), overwrite_cache=True),
            self._training(),
        )

    def trained(self, folder: Path, name: str) -> list[list[str]]:
        """Return for each record that was not dropped the texts that are trained, in order."""
        return self.tokenized(self.aligned(folder, name))

    def tokenized(self, rows: Module) -> list[list[str]]:
        """Return the texts of aligned rows that are trained."""
        loader = pytest.importorskip("llamafactory.data.loader", exc_type=ImportError)
        template = pytest.importorskip("llamafactory.data.template", exc_type=ImportError)
        hparams = pytest.importorskip("llamafactory.hparams", exc_type=ImportError)
        data = hparams.DataArguments(template="default", cutoff_len=100_000, overwrite_cache=True)
        tokenizer = made_tokenizer()
        chosen = template.get_template_and_fix_tokenizer(tokenizer, data)
        found = loader._get_preprocessed_dataset(
            rows, data, self._training(), "sft", chosen, tokenizer
        )
        return [_runs(tokenizer, row["labels"]) for row in found]

    def converted(self, example: dict[str, Any], **attributes: object) -> dict[str, Any]:
        """Return what its converter makes of one record."""
        converter = pytest.importorskip("llamafactory.data.converter", exc_type=ImportError)
        parser = pytest.importorskip("llamafactory.data.parser", exc_type=ImportError)
        hparams = pytest.importorskip("llamafactory.hparams", exc_type=ImportError)
        known = parser.DatasetAttr("file", dataset_name="probe", **attributes)
        made = converter.get_dataset_converter(
            known.formatting, known, hparams.DataArguments(template="default")
        )
        row: dict[str, Any] = made(example)
        return row

    def _training(self) -> Module:
        transformers = pytest.importorskip("transformers")
        return transformers.Seq2SeqTrainingArguments(
            output_dir=str(self.cache), use_cpu=True, report_to=[], log_level="error"
        )


def _runs(tokenizer: Module, labels: list[int]) -> list[str]:
    """Return the texts that lie together among the labels."""
    runs: list[list[int]] = []
    inside = False
    for label in labels:
        if label == -100:
            inside = False
            continue
        if not inside:
            runs.append([])
        runs[-1].append(label)
        inside = True
    end = tokenizer.eos_token
    return [tokenizer.decode(run).rstrip("\n").removesuffix(end) for run in runs]
