"""Axolotl's chat_template strategy, set up by the YAML beside the export, trains the answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rolethread_store.store import Store
from tests.formats.targets.consuming import Module, alternating, filled, turns_of
from tests.formats.targets.offering import RECORDS
from tests.formats.targets.tiny import CHATML, made_tokenizer

pytestmark = [pytest.mark.deep, pytest.mark.filterwarnings("ignore")]


def tokenized(datasets: Module, folder: Path, part: str = "datasets") -> list[str]:
    """Return for each record the text that is trained, as the YAML says."""
    strategies = pytest.importorskip(
        "axolotl.prompt_strategies.chat_template", exc_type=ImportError
    )
    settings = pytest.importorskip("axolotl.utils.dict").DictDefault
    read = yaml.safe_load((folder / "out.yaml").read_text())
    [described] = read[part]
    assert (described["type"], read["chat_template"]) == ("chat_template", "tokenizer_default")
    rows = datasets.load_dataset(
        described["ds_type"], data_files=str(folder / described["path"]), split="train",
        cache_dir=str(folder / "cache"),
    )  # fmt: skip
    tokenizer = made_tokenizer()
    plain = CHATML.replace("{% generation %}", "").replace("{%- endgeneration %}", "")
    tokenizer.chat_template = plain
    strategy = strategies.load(
        tokenizer,
        settings({"sequence_len": 100_000, "chat_template": "tokenizer_default",
                  "train_on_inputs": False}),
        settings(described),
    )  # fmt: skip
    found = [strategy.tokenize_prompt(row) for row in rows]
    return [tokenizer.decode([label for label in row["labels"] if label != -100]) for row in found]


def test_every_answer_is_trained(fresh_store: Store, tmp_path: Path, datasets: Module) -> None:
    # Its strategy finds a turn by its text, which a tokenizer must not change.
    tavern = filled(fresh_store, alternating())
    tavern.export(tmp_path / "out.jsonl", "axolotl")
    expected = [
        "".join(f"{text}<|end|>" for role, text in turns if role == "assistant")
        for turns in turns_of(tavern)
    ]
    assert tokenized(datasets, tmp_path) == expected


def test_weights_calls_and_splits(fresh_store: Store, tmp_path: Path, datasets: Module) -> None:
    names = ("weights", "calls", "sharegpt calls", "plain", "swipes")
    tavern = filled(fresh_store, [RECORDS[name] for name in names])
    tavern.export(tmp_path / "out.jsonl", "axolotl")
    weights, calls, sharegpt, plain, _ = tokenized(datasets, tmp_path)
    assert weights == "d<|end|>"
    assert plain.startswith("Nobody\tadmits it.\u2028Ask, again 😀<|end|>")
    for text, end in ((calls, "A four.<|end|>"), (sharegpt, "A five.<|end|>")):
        assert text.endswith(end)
        assert '"name": "dice"' in text
    tavern.export(tmp_path / "out.jsonl", "axolotl", split="train=0.5,val=0.5", force=True)
    both = [*tokenized(datasets, tmp_path), *tokenized(datasets, tmp_path, "test_datasets")]
    assert sorted(both) == sorted([weights, calls, sharegpt, plain, "La.<|end|>Li.<|end|>"])
