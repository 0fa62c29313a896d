"""The lint's verdicts, probe by probe, against the trainers' own code where it is installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.formats.lint import FAMILY_NAMES, Verdict
from rolethread_store.formats.lint.families import STOCK, outcomes_of
from rolethread_store.store import Store
from tests.formats.lint.probes import PROBES, TOOLS, probe_records
from tests.formats.targets.consuming import Module, filled
from tests.formats.targets.llamafactory_run import OPENAI_TAGS, Factory
from tests.formats.targets.tiny import made_model, made_tokenizer

pytestmark = [pytest.mark.deep, pytest.mark.filterwarnings("ignore")]
FATAL = {Verdict.DROPPED, Verdict.REFUSED}


@pytest.fixture
def store(fresh_store: Store) -> Store:
    filled(fresh_store, probe_records(), "probes")
    return fresh_store


def predicted(store: Store, target: str, *, doubtful: bool = False) -> dict[str, Verdict]:
    """Return for each probe the worst that the lint says of it."""
    report = store.dataset("probes").lint(target, limit=1000)
    certain = {rule.rule for rule in report.rules if rule.certain or doubtful}
    tags = dict(store.sql("SELECT entry_id, tags[1] FROM entries").fetchall())
    found = dict.fromkeys(PROBES, Verdict.KEPT)
    for one in report.findings:
        if one.rule in certain:
            probe = tags[one.entry_id]
            found[probe] = max(found[probe], one.verdict, key=lambda verdict: verdict.severity)
    return found


def told(messages: list[dict[str, Any]]) -> list[str]:
    """Return every text of a probe, of which a trainer may lose one."""
    found = []
    for one in messages:
        found += [one["content"], one.get("name"), one.get("reasoning_content")]
        for call in one.get("tool_calls", []):
            given = call["function"]["arguments"]
            found.append((json.loads(given) if isinstance(given, str) else given)["where"])
    return [text for text in found if text]


@pytest.mark.parametrize("formatting", ["sharegpt", "openai"])
def test_llamafactory(store: Store, datasets: Module, factory: Factory, formatting: str) -> None:
    expected = predicted(store, "llamafactory" + ("-openai" if formatting == "openai" else ""))
    if formatting == "openai":
        expected = {
            # Said of every record without tools, and not about the probe.
            probe: _without(store, probe, verdict)
            for probe, verdict in expected.items()
        }
    found = {}
    for probe, messages in PROBES.items():
        tools = json.dumps(TOOLS) if probe == "tools" else ""
        record = {"messages": messages, "tools": tools}
        try:
            row = factory.converted(
                record, formatting=formatting, messages="messages", tools="tools", **OPENAI_TAGS
            )
            if len(row["_prompt"]) % 2 != 1 or len(row["_response"]) != 1:
                found[probe] = Verdict.DROPPED
                continue
            trained = factory.tokenized(datasets.Dataset.from_list([row]))
        except (KeyError, RuntimeError):
            found[probe] = Verdict.REFUSED
            continue
        read = json.dumps([row["_prompt"], row["_response"], row["_system"]], ensure_ascii=False)
        lost = [text for text in told(messages) if json.dumps(text)[1:-1] not in read]
        quoted = any(text.endswith('\\"}"') for text in trained[0])
        found[probe] = Verdict.CUT if lost or quoted else Verdict.KEPT
        assert trained[0]
    assert found == expected


def _without(store: Store, probe: str, verdict: Verdict) -> Verdict:
    if verdict is not Verdict.CUT:
        return verdict
    report = store.dataset("probes").lint("llamafactory-openai", limit=1000)
    tags = dict(store.sql("SELECT entry_id, tags[1] FROM entries").fetchall())
    rules = {one.rule for one in report.findings if tags[one.entry_id] == probe} - {"no-tools"}
    cutting = {rule.rule for rule in report.rules if rule.verdict is Verdict.CUT}
    return Verdict.CUT if rules & cutting else Verdict.KEPT


def test_llamafactory_openai_adds_a_prompt(store: Store, factory: Factory) -> None:
    for probe in ("normal", "system-first", "tools"):
        tools = json.dumps(TOOLS) if probe == "tools" else ""
        row = factory.converted(
            {"messages": PROBES[probe], "tools": tools}, formatting="openai", messages="messages",
            tools="tools", **OPENAI_TAGS,
        )  # fmt: skip
        tags = dict(store.sql("SELECT entry_id, tags[1] FROM entries").fetchall())
        said = {
            tags[one.entry_id]
            for one in store.dataset("probes").lint("llamafactory-openai", limit=1000).findings
            if one.rule == "no-tools"
        }
        assert (probe in said) is ("detailed thinking off" in row["_system"])


def test_torchtune(store: Store) -> None:
    torchtune = pytest.importorskip("torchtune.data", exc_type=ImportError)
    expected = predicted(store, "torchtune", doubtful=True)
    refused = set()
    for probe, messages in PROBES.items():
        try:
            made = torchtune.OpenAIToMessages()({"messages": messages})["messages"]
            torchtune.validate_messages(made)
        except ValueError:
            refused.add(probe)
    # The probe is one message long, and shorter than any conversation.
    assert refused - {"no-assistant"} == {
        probe for probe, verdict in expected.items() if verdict in FATAL
    }


def test_trl(store: Store, tmp_path: Path, datasets: Module) -> None:
    trl = pytest.importorskip("trl", exc_type=ImportError)
    tokenizer = made_tokenizer()
    expected = predicted(store, "trl")
    doubtful = predicted(store, "trl", doubtful=True)
    refused = set()
    for probe in ("no-messages", "no-assistant", "ends-unanswered", "normal"):
        rows = datasets.Dataset.from_list(
            [{"messages": PROBES[probe]}, {"messages": PROBES["normal"]}]
        )
        settings = trl.SFTConfig(
            output_dir=str(tmp_path), report_to=[], use_cpu=True, bf16=False, disable_tqdm=True,
            assistant_only_loss=True, save_strategy="no",
        )  # fmt: skip
        try:
            made = trl.SFTTrainer(
                model=made_model(tokenizer), processing_class=tokenizer, args=settings,
                train_dataset=rows,
            ).train_dataset  # fmt: skip
        except (IndexError, KeyError, RuntimeError, ValueError):
            refused.add(probe)
            continue
        labels = [label for row in list(made)[:-1] for label in row["labels"] if label != -100]
        trained = tokenizer.decode(labels)
        said = [one["content"] for one in PROBES[probe] if one["role"] == "assistant"]
        assert trained == "".join(f"{text}<|end|>" for text in said)
        untrained = PROBES[probe] and PROBES[probe][-1]["role"] != "assistant"
        assert expected[probe] is (Verdict.MASKED if untrained else Verdict.KEPT)
    assert refused == {"no-messages", "no-assistant"}
    assert all(doubtful[probe] is Verdict.REFUSED for probe in refused)


def test_mlx(store: Store, offline: Path, tmp_path: Path) -> None:
    loader = pytest.importorskip("mlx_lm.tuner.datasets", exc_type=ImportError)
    expected = predicted(store, "mlx")
    tokenizer = made_tokenizer()
    lines = [{"messages": PROBES["normal"]}, {"prompt": "a", "completion": "b"}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    train, *_ = loader.load_local_dataset(tmp_path, tokenizer, object())
    # The first record decides for all.
    with pytest.raises(KeyError):
        train.process(train[1])
    chats = loader.ChatDataset([{"messages": PROBES["no-messages"]}], tokenizer, mask_prompt=True)
    with pytest.raises((IndexError, ValueError)):
        chats.process(chats[0])
    assert expected["no-messages"] is Verdict.REFUSED


@pytest.fixture(scope="module")
def measuring() -> Iterator[Module]:
    path = Path(__file__).parents[3] / "docs" / "measure_templates.py"
    pytest.importorskip("jinja2")
    spec = util.spec_from_file_location("measure_templates", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules["measure_templates"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["measure_templates"]


def test_chat_templates_as_transformers_renders_them(offline: Path, measuring: Module) -> None:
    rendering = pytest.importorskip("transformers.utils.chat_template_utils")
    metadata = pytest.importorskip("importlib.metadata")
    folders = []
    for name, version, inside in (
        ("axolotl", "0.19.0", "utils/chat_templates/templates"),
        ("trl", "1.16.0", "chat_templates"),
    ):
        spec = util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            pytest.skip(f"{name} is not installed")
        if metadata.version(name) != version:
            pytest.skip(f"measured with {name} {version}, installed is {metadata.version(name)}")
        folders.append(Path(spec.submodule_search_locations[0]) / inside)
    compiled: Callable[[str], Module] = rendering._compile_jinja_template
    paths = sorted(path for folder in folders for path in folder.rglob("*.jinja"))
    for family in FAMILY_NAMES:
        found = [
            measuring.measured(path, compiled)
            for path in paths
            if path.stem in measuring.FAMILIES[family]
        ]
        for place, rule in enumerate(STOCK):
            outcomes = outcomes_of(rule, family)
            assert outcomes is not None
            column = [one[place] for one in found]
            assert (len(column), column.count("r"), column.count("l")) == (
                outcomes.templates, outcomes.raises, outcomes.loses,
            ), (family, rule)  # fmt: skip
