from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Runner
from tests.formats.lint.probes import PROBES, probe_records
from tests.scenes import jsonl

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def probes(run: Runner, tmp_path: Path) -> str:
    source = jsonl(tmp_path / "probes.jsonl", probe_records())
    assert run("import", source, "--dataset", "probes").code == 0
    return "probes"


def test_lint_as_json(run: Runner, probes: str) -> None:
    found = run("lint", probes, "--target", "llamafactory", "--limit", 1, "--json").json
    assert (found["target"], found["template"]) == ("llamafactory", None)
    assert found["entries"] == len(PROBES) == sum(found["verdicts"].values())
    assert set(found["verdicts"]) == {"kept", "masked", "cut", "dropped", "refused"}
    assert "greeting-first" in found["refusing"]
    rule = next(one for one in found["rules"] if one["rule"] == "greeting-first")
    assert (rule["verdict"], rule["message"]) == ("dropped", "Dropped invalid example")
    assert rule["entries"] == 1
    assert rule["resolved_by"] == ["--greeting-first stub", "--greeting-first fold"]
    named = [one for one in found["findings"] if one["rule"] == "greeting-first"]
    assert [one["turn"] for one in named] == [0]
    shown = run("show", named[0]["entry_id"], "--json").json
    assert shown["tags"] == ["greeting-first"]


def test_lint_for_people(run: Runner, probes: str) -> None:
    done = run("lint", probes, "--target", "trl", "--where", "tags[1] = 'greeting-first'")
    assert done.code == 0
    assert done.err.splitlines()[0] == "trl: 1 entry: 1 kept"
    assert "--template FAMILY" in done.err
    assert "refused?\tgreeting-first\t1\t" in done.out
    assert "13 of 62 stock templates" in done.out
    sharp = run("lint", probes, "--target", "trl", "--template", "gemma", "--where",
                "tags[1] = 'greeting-first'")  # fmt: skip
    assert "refused\tgreeting-first\t1\t" in sharp.out
    assert "an export can mend this: --greeting-first stub, --greeting-first fold" in sharp.err


def test_lint_of_a_version(run: Runner, probes: str) -> None:
    assert run("publish", "--dataset", probes).code == 0
    listed = run("list", "--dataset", probes, "--json").json
    normal = next(one["entry_id"] for one in listed if one["tags"] == ["greeting-first"])
    assert run("delete", normal).code == 0
    now = run("lint", probes, "--target", "mistral", "--json").json
    then = run("lint", probes, "--target", "mistral", "--at", 1, "--json").json
    assert (now["entries"], then["entries"]) == (len(PROBES) - 1, len(PROBES))


def test_lint_refuses_what_it_does_not_know(run: Runner, probes: str) -> None:
    assert run("lint", probes, "--target", "skynet").code == 16
    assert run("lint", probes, "--target", "trl", "--template", "skynet").code == 16
    assert run("lint", probes, "--target", "openai", "--template", "gemma").code == 16
    assert run("lint", "nowhere", "--target", "openai").code == 10
    assert run("lint", probes, "--target", "openai", "--where", "sense").code == 16
