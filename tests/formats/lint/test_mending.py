"""What the lint says an option resolves is gone from what an export with it wrote."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rolethread_store
from rolethread_store.errors import InvalidInput
from rolethread_store.formats.lint import RULES, TARGETS, cell_of
from rolethread_store.store import Store
from tests.formats.lint.probes import PROBES, probe_records
from tests.scenes import PASSPHRASE, jsonl

OPTIONS: dict[str, dict[str, Any]] = {
    "--greeting-first stub": {"greeting_first": "stub"},
    "--greeting-first fold": {"greeting_first": "fold"},
    "--system merge": {"system": "merge"},
    "--system first": {"system": "first"},
    "--ending trim": {"ending": "trim"},
    "--names prefix": {"names": "prefix"},
    "--names drop": {"names": "drop"},
}
RESOLVED = [(rule.name, option) for rule in RULES for option in rule.options if option != "--where"]


def probes_found(store: Store, dataset: str, target: str, rule: str) -> set[str]:
    report = store.dataset(dataset).lint(target, limit=100)
    rows = store.sql("SELECT entry_id, tags[1] FROM entries", dataset=dataset).fetchall()
    tags = dict(rows)
    return {tags[one.entry_id] for one in report.findings if one.rule == rule}


@pytest.fixture(scope="module")
def probed(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with all probes as “before”, and one of two system turns."""
    folder = tmp_path_factory.mktemp("probed")
    shutil.copytree(empty_store, folder / "store")
    given = [*probe_records(), {
        "messages": [PROBES["system-first"][0], *PROBES["system-in-the-middle"]],
        "tags": ["two systems"],
    }]  # fmt: skip
    with rolethread_store.open(folder / "store", passphrase=PASSPHRASE) as store:
        store.dataset("before").import_file(jsonl(folder / "probes.jsonl", given))
        yield store


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_resolves_its_rules(probed: Store, tmp_path: Path, option: str) -> None:
    probed.dataset("before").export(tmp_path / "out.jsonl", "chatml", **OPTIONS[option])
    probed.dataset(option).import_file(tmp_path / "out.jsonl")
    rules = [rule for rule, named in RESOLVED if named == option]
    assert rules
    for rule in rules:
        target = next(name for name in TARGETS if cell_of(rule, name) is not None)
        assert probes_found(probed, "before", target, rule), rule
        left = probes_found(probed, option, target, rule)
        # Nothing can be trimmed to an answer where there is none.
        assert left <= ({"no-assistant"} if rule == "ends-unanswered" else set()), rule


def test_the_options_of_the_table_are_these() -> None:
    named = {option for rule in RULES for option in rule.options} - {"--where"}
    assert named == set(OPTIONS)


@pytest.mark.parametrize(
    ("target", "shape"),
    [("openai", None), ("alpaca", None), ("llamafactory", "sharegpt"), ("llamafactory", "openai"),
     ("axolotl", None), ("trl", "messages"), ("mlx", None), ("mistral", None),
     ("together", None), ("kto", None), ("openai-preference", None)],
)  # fmt: skip
def test_a_trainer_s_export_is_refused_and_says_why(
    fresh_store: Store, tmp_path: Path, target: str, shape: str | None
) -> None:
    tavern = fresh_store.dataset("tavern")
    tavern.import_file(jsonl(tmp_path / "probes.jsonl", probe_records() * 2))
    out = tmp_path / "out"
    with pytest.raises(InvalidInput, match="would refuse or drop entries") as raised:
        tavern.export(out, target, shape=shape)
    assert raised.value.code == "store.export-refused"
    assert "--allow" in str(raised.value.hint)
    assert not out.exists()


@pytest.mark.parametrize("target", ["chatml", "sharegpt", "parquet", "csv", "hf", "transcript"])
def test_plain_formats_are_not_asked(fresh_store: Store, tmp_path: Path, target: str) -> None:
    tavern = fresh_store.dataset("tavern")
    tavern.import_file(jsonl(tmp_path / "probes.jsonl", probe_records()))
    assert tavern.export(tmp_path / "out", target).records > 0


def test_openai_takes_ten_records_of_whatever_shape(fresh_store: Store, tmp_path: Path) -> None:
    tavern = fresh_store.dataset("tavern")
    pair = {"chosen": [{"role": "assistant", "content": "A"}], "rejected": []}
    given = [{"messages": PROBES["normal"], "n": place} for place in range(10)]
    tavern.import_file(jsonl(tmp_path / "given.jsonl", given))
    assert tavern.export(tmp_path / "ten.jsonl", "openai").records == 10
    with pytest.raises(InvalidInput, match="few-examples"):
        tavern.export(tmp_path / "nine.jsonl", "openai", where="CAST(extra->>'n' AS INT) < 9")
    tavern.import_file(jsonl(tmp_path / "pair.jsonl", [{**given[0], **pair}]))
    # What trainers get has one shape, whatever an entry holds beside its turns.
    assert tavern.export(tmp_path / "mixed.jsonl", "openai").records == 11
    assert tavern.export(tmp_path / "mistral.jsonl", "mistral").records == 11
    with pytest.raises(InvalidInput, match="few-examples"):
        tavern.export(tmp_path / "pairs.jsonl", "openai-preference")
