"""TRL's own functions and trainers take what is exported for them, and train what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolethread_store.store import Dataset, Store
from tests.formats.targets.consuming import Module, alternating, filled, pairs, turns_of
from tests.formats.targets.offering import RECORDS
from tests.formats.targets.tiny import made_model, made_tokenizer

pytestmark = [pytest.mark.deep, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def trl(datasets: Module) -> Module:
    return pytest.importorskip("trl", exc_type=ImportError)


@pytest.fixture
def tokenizer(trl: Module) -> Module:
    return made_tokenizer()


def exported(
    datasets: Module, dataset: Dataset, folder: Path, format: str, **options: str
) -> Module:
    dataset.export(folder / "out.jsonl", format, **options)  # type: ignore[arg-type]
    return datasets.load_dataset(
        "json", data_files=str(folder / "out.jsonl"), split="train", cache_dir=str(folder / "cache")
    )


def settings(trl: Module, kind: str, folder: Path, **more: object) -> Module:
    made = getattr(trl, f"{kind}Config")
    return made(
        output_dir=str(folder / "run"), max_steps=1, per_device_train_batch_size=2, report_to=[],
        use_cpu=True, bf16=False, disable_tqdm=True, save_strategy="no", **more,
    )  # fmt: skip


def trained_text(tokenizer: Module, row: dict[str, list[int]]) -> str:
    return str(tokenizer.decode([label for label in row["labels"] if label != -100]))


def answers(dataset: Dataset) -> list[str]:
    return [
        "".join(f"{text}<|end|>" for role, text in turns if role == "assistant")
        for turns in turns_of(dataset)
    ]


def test_messages_train_the_answers(
    fresh_store: Store, tmp_path: Path, datasets: Module, trl: Module, tokenizer: Module
) -> None:
    tavern = filled(fresh_store, alternating())
    rows = exported(datasets, tavern, tmp_path, "trl")
    data = pytest.importorskip("trl.data_utils")
    assert all(data.is_conversational(row) for row in rows)
    trainer = trl.SFTTrainer(
        model=made_model(tokenizer), processing_class=tokenizer, train_dataset=rows,
        args=settings(trl, "SFT", tmp_path, assistant_only_loss=True, max_length=4096),
    )  # fmt: skip
    assert [trained_text(tokenizer, row) for row in trainer.train_dataset] == answers(tavern)
    assert trainer.train().training_loss > 0


def test_prompts_train_the_last_answer(
    fresh_store: Store, tmp_path: Path, datasets: Module, trl: Module, tokenizer: Module
) -> None:
    tavern = filled(fresh_store, alternating())
    rows = exported(datasets, tavern, tmp_path, "trl", shape="prompt-completion")
    data = pytest.importorskip("trl.data_utils")
    for row, turns in zip(rows, turns_of(tavern), strict=True):
        assert data.is_conversational(row)
        told = data.maybe_apply_chat_template(row, tokenizer)
        assert told["completion"].strip() == f"{turns[-1][1]}<|end|>".strip()
        assert all(text in told["prompt"] for _, text in turns[:-1] if text is not None)
    trainer = trl.SFTTrainer(
        model=made_model(tokenizer), processing_class=tokenizer, train_dataset=rows,
        args=settings(trl, "SFT", tmp_path, max_length=4096),
    )  # fmt: skip
    trained = [trained_text(tokenizer, row).removesuffix("\n") for row in trainer.train_dataset]
    assert trained == [f"{turns[-1][1]}<|end|>" for turns in turns_of(tavern)]
    assert trainer.train().training_loss > 0


def test_unrolled_every_answer_is_a_completion(
    fresh_store: Store, tmp_path: Path, datasets: Module, trl: Module, tokenizer: Module
) -> None:
    tavern = filled(fresh_store, alternating())
    tavern.export(tmp_path / "out.jsonl", "trl", shape="prompt-completion", unroll=True)
    rows = datasets.load_dataset(
        "json", data_files=str(tmp_path / "out.jsonl"), split="train",
        cache_dir=str(tmp_path / "cache"),
    )  # fmt: skip
    said = [text for turns in turns_of(tavern) for role, text in turns if role == "assistant"]
    assert [row["completion"][0]["content"] for row in rows] == said


def test_pairs_are_preferences(
    fresh_store: Store, tmp_path: Path, datasets: Module, trl: Module, tokenizer: Module
) -> None:
    given = pairs()
    tavern = filled(fresh_store, given)
    rows = exported(datasets, tavern, tmp_path, "trl", shape="preference")
    data = pytest.importorskip("trl.data_utils")
    assert all(data.is_conversational(row) for row in rows)
    # The prompt is written out, so that there is nothing to guess from what both share.
    assert [data.maybe_extract_prompt(dict(row)) for row in rows] == list(rows)
    joined = [
        {side: [*one["prompt"], *one[side]] for side in ("chosen", "rejected")} for one in given
    ]
    assert [data.extract_prompt(one) for one in joined] == given
    trainer = trl.DPOTrainer(
        model=made_model(tokenizer), processing_class=tokenizer, train_dataset=rows,
        args=settings(trl, "DPO", tmp_path, max_length=4096), ref_model=made_model(tokenizer),
    )  # fmt: skip
    assert len(trainer.train_dataset) == len(given)
    assert trainer.train().training_loss > 0
    rating = trl.RewardTrainer(
        model=made_model(tokenizer, labels=1), processing_class=tokenizer, train_dataset=rows,
        args=settings(trl, "Reward", tmp_path, max_length=4096),
    )  # fmt: skip
    assert rating.train().training_loss > 0


def test_labels_are_unpaired_preferences(
    fresh_store: Store, tmp_path: Path, datasets: Module, trl: Module, tokenizer: Module
) -> None:
    tavern = filled(fresh_store, pairs())
    labelled = exported(datasets, tavern, tmp_path, "kto")
    data = pytest.importorskip("trl.data_utils")
    tavern.export(tmp_path / "pairs.jsonl", "trl", shape="preference")
    paired = datasets.load_dataset(
        "json", data_files=str(tmp_path / "pairs.jsonl"), split="train",
        cache_dir=str(tmp_path / "cache"),
    )  # fmt: skip
    unpaired = data.unpair_preference_dataset(paired)
    assert sorted(map(repr, map(_flat, unpaired))) == sorted(map(repr, map(_flat, labelled)))
    trainer = trl.KTOTrainer(
        model=made_model(tokenizer), processing_class=tokenizer, train_dataset=labelled,
        args=settings(trl, "KTO", tmp_path, max_length=4096), ref_model=made_model(tokenizer),
    )  # fmt: skip
    assert trainer.train().training_loss > 0


def _flat(row: dict[str, Module]) -> list[object]:
    turns = [*row["prompt"], *row["completion"]]
    return [*((one["role"], one["content"]) for one in turns), row["label"]]


def test_tools_reach_the_template(
    fresh_store: Store, tmp_path: Path, datasets: Module, trl: Module, tokenizer: Module
) -> None:
    called = [RECORDS["calls"], RECORDS["sharegpt calls"], RECORDS["plain"]]
    rows = exported(datasets, filled(fresh_store, called), tmp_path, "trl")
    trainer = trl.SFTTrainer(
        model=made_model(tokenizer), processing_class=tokenizer, train_dataset=rows,
        args=settings(trl, "SFT", tmp_path, assistant_only_loss=True, max_length=4096),
    )  # fmt: skip
    texts = [tokenizer.decode(row["input_ids"]) for row in trainer.train_dataset]
    assert ['"name": "dice"' in text for text in texts] == [True, True, False]
    trained = [trained_text(tokenizer, row) for row in trainer.train_dataset]
    assert [text.count("sides") for text in trained] == [1, 1, 0]
    assert trained[0].endswith("<|end|>A four.<|end|>")
