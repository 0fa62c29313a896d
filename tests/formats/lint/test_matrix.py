"""The measured matrix, probe by probe: what the lint says is what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.crypto import floor_params
from rolethread_store.formats.lint import TARGETS, LintReport, Verdict
from rolethread_store.store import Store
from tests.formats.lint.probes import PROBES, probe_records, said
from tests.scenes import PASSPHRASE, jsonl

# k kept, m masked, c cut, d dropped, r refused; a question mark: depends on the template, or
# nobody says. Columns as in the measurement, with the reading of each probe by the trainer.
COLUMNS = (
    "llamafactory", "llamafactory-openai", "torchtune", "mistral", "trl", "openai", "together",
)  # fmt: skip
MEASURED = {
    #                        LF  LFo  tune  mis  tmpl  oai  together
    "normal":               "k   k    k     k    k     k    k",
    "system-first":         "k   k    k     k    r?    k    k",
    "greeting-first":       "d   d    r     k    r?    k    r",
    "users-in-a-row":       "d   d    r     k    r?    k    r",
    "assistants-in-a-row":  "d   d    r     k    r?    k    r",
    "system-in-the-middle": "d   d    r     c    r?    k    r",
    "ends-unanswered":      "d   d    k     r    m     k    k",
    "content-parts":        "r   r    k     r    r?    k    k?",
    "content-null":         "r   r    k     r    r?    r    k?",
    "name":                 "c   c    k     k    c?    k    k?",
    "reasoning":            "c   c    c     c    c     k    k",
    "thinking-in-text":     "k   k    k     k    c?    k    k",
    "tool-call-string":     "c   c    r?    k    r?    k    k?",
    "tool-call-object":     "c   k    r?    r    r?    r    k?",
    "tool-id":              "k   k    k     r    k     k    k?",
    "developer-role":       "d   r    k     r    r?    k    k?",
    "edge-whitespace":      "k   k    k     k    c?    k    k",
    "weight":               "k   k    k     r    k     r    r",
    "tools":                "k   k    k     m    k     k    k",
}  # fmt: skip
# A call with an odd id is still a call.
ALONG = {"tool-id": {"tool-call-string"}}
LETTERS = {verdict.value[0]: verdict for verdict in Verdict}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("probes")
    source = jsonl(folder / "probes.jsonl", probe_records())
    path = folder / "store"
    with rolethread_store.create(path, passphrase=PASSPHRASE, kdf=floor_params()) as opened:
        report = opened.dataset("probes").import_file(source)
        assert (report.entries, report.quarantined) == (len(PROBES), 0)
        yield opened


@pytest.fixture(scope="module")
def tags(store: Store) -> dict[object, str]:
    rows = store.sql("SELECT entry_id, tags[1] FROM entries").fetchall()
    return dict(rows)


def _verdicts(report: LintReport, tags: dict[object, str], probe: str) -> dict[str, str]:
    """Every rule that found the probe's entry, with its verdict's letter."""
    certain = {rule.rule: rule.certain for rule in report.rules}
    return {
        one.rule: one.verdict.value[0] + ("" if certain[one.rule] else "?")
        for one in report.findings
        if tags[one.entry_id] == probe
    }


@pytest.mark.parametrize("target", COLUMNS)
def test_every_probe_fares_as_measured(store: Store, tags: dict[object, str], target: str) -> None:
    report = store.dataset("probes").lint(target, limit=100)
    column = COLUMNS.index(target)
    wrong = {}
    for probe, row in MEASURED.items():
        found = _verdicts(report, tags, probe)
        expected = row.split()[column]
        others = set(found) - {probe} - ALONG.get(probe, set())
        if found.get(probe, "k") != expected or others - {"system-first", "no-tools"}:
            wrong[probe] = expected, found
    assert wrong == {}


@pytest.mark.parametrize("target", TARGETS)
def test_the_numbers_add_up(store: Store, target: str) -> None:
    report = store.dataset("probes").lint(target, limit=100)
    assert report.entries == len(PROBES) == sum(report.verdicts.values())
    for rule in report.rules:
        if not rule.whole_file:
            assert rule.entries == sum(one.rule == rule.rule for one in report.findings)
    certain = {rule.rule for rule in report.rules if rule.certain and not rule.whole_file}
    hurt = {
        one.entry_id
        for one in report.findings
        if one.rule in certain and one.verdict is not Verdict.KEPT
    }
    assert report.verdicts[Verdict.KEPT] == len(PROBES) - len(hurt)


@pytest.mark.parametrize(
    ("target", "probe", "turn"),
    [
        ("torchtune", "greeting-first", 0),
        ("torchtune", "users-in-a-row", 1),
        ("torchtune", "assistants-in-a-row", 2),
        ("torchtune", "system-in-the-middle", 2),
        ("mistral", "ends-unanswered", 2),
        ("mistral", "content-parts", 0),
        ("mistral", "content-null", 1),
        ("llamafactory", "name", 0),
        ("mistral", "reasoning", 1),
        ("trl", "thinking-in-text", 1),
        ("llamafactory", "tool-call-string", 1),
        ("mistral", "tool-call-object", 1),
        ("mistral", "tool-id", 1),
        ("mistral", "developer-role", 0),
        ("trl", "edge-whitespace", 1),
        ("mistral", "weight", 1),
        ("mistral", "tools", None),
        ("mistral", "unknown-role", 0),
    ],
)
def test_a_finding_names_the_turn(
    store: Store, tags: dict[object, str], target: str, probe: str, turn: int | None
) -> None:
    report = store.dataset("probes").lint(target, limit=100)
    found = [one for one in report.findings if tags[one.entry_id] == probe and one.rule == probe]
    assert [one.turn for one in found] == [turn]
    assert found[0].message


@pytest.mark.parametrize("target", ["trl", "axolotl", "unsloth", "mlx", "kto"])
def test_templates_decide_alike_for_all_that_use_them(store: Store, target: str) -> None:
    report = store.dataset("probes").lint(target, limit=0)
    said = {rule.rule: rule.message for rule in report.rules}
    assert said["greeting-first"].startswith("13 of 62 stock templates raise")
    assert said["system-in-the-middle"].startswith("16 of 62 stock templates raise")
    assert "6 of 62" in said["system-in-the-middle"]
    assert said["thinking-in-text"].startswith("14 of 62")
    assert said["edge-whitespace"].startswith("24 of 62")
    assert report.doubtful > 0
    assert "greeting-first" not in {rule.rule for rule in report.refusing}


@pytest.mark.parametrize(
    ("family", "probe", "expected"),
    [
        ("gemma", "system-first", "r"),
        ("gemma", "greeting-first", "r"),
        ("mistral", "greeting-first", "r"),
        ("mistral", "system-first", "c?"),
        ("pixtral", "system-first", "c"),
        ("cohere", "users-in-a-row", "r"),
        ("aya", "assistants-in-a-row", "r"),
        ("llama3", "greeting-first", "k"),
        ("llama3", "edge-whitespace", "c?"),
        ("qwen3", "greeting-first", "k"),
        ("qwen3", "thinking-in-text", "c?"),
        ("qwen3", "content-parts", "c?"),
        ("qwen3.5", "tool-call-string", "r?"),
        ("qwen3.5", "tool-call-object", "k"),
        ("deepseek-v3", "thinking-in-text", "c"),
        ("deepseek-v3", "tool-call-object", "r"),
        ("glm-4.5", "thinking-in-text", "c"),
        ("glm-4.5", "edge-whitespace", "c"),
        ("chatml", "greeting-first", "k"),
    ],
)
def test_a_family_of_templates_sharpens_the_answer(
    store: Store, tags: dict[object, str], family: str, probe: str, expected: str
) -> None:
    report = store.dataset("probes").lint("axolotl", template=family, limit=100)
    assert _verdicts(report, tags, probe).get(probe, "k") == expected
    assert all("of 62" not in rule.message for rule in report.rules if rule.rule == probe)


def test_structure_alone_is_checked_for_plain_formats(store: Store) -> None:
    for target in ("chatml", "sharegpt", "parquet", "csv", "hf"):
        report = store.dataset("probes").lint(target)
        assert {rule.rule for rule in report.rules} == {
            "no-messages", "no-assistant", "unknown-role",
        }  # fmt: skip
        assert report.refusing == ()


def test_few_examples_and_mixed_shapes(store: Store, tmp_path: Path) -> None:
    pair = {"chosen": [{"role": "assistant", "content": "A"}], "rejected": []}
    records = [*probe_records()[:8], {**probe_records()[0], **pair}]
    store.dataset("few").import_file(jsonl(tmp_path / "few.jsonl", records))
    report = store.dataset("few").lint("openai")
    whole = {rule.rule: rule for rule in report.rules if rule.whole_file}
    assert whole["few-examples"].verdict is Verdict.REFUSED
    assert whole["mixed-shapes"].entries == 1
    assert "few-examples" in {rule.rule for rule in report.refusing}
    assert whole["mixed-shapes"].resolved_by == ("--format openai",)
    for target, verdict in (("llamafactory", "cut"), ("mlx", "cut"), ("mistral", "refused")):
        found = {rule.rule: rule.verdict for rule in store.dataset("few").lint(target).rules}
        assert found["mixed-shapes"] == verdict
        assert "few-examples" not in found
    ten = records[:8] + records[:2]
    store.dataset("ten").import_file(jsonl(tmp_path / "ten.jsonl", ten))
    assert not any(rule.whole_file for rule in store.dataset("ten").lint("openai").rules)


def test_pairs_and_labels(store: Store, tmp_path: Path) -> None:
    plain = probe_records()[0]
    swipes = {"messages": [plain["messages"][0], {**plain["messages"][1], "alternatives": "x"}]}
    records = [
        plain,
        {**plain, "chosen": [], "rejected": []},
        {**plain, "label": True},
        {**plain, "label": "true"},
        swipes,
    ]
    store.dataset("pairs").import_file(jsonl(tmp_path / "pairs.jsonl", records))
    lint = store.dataset("pairs").lint
    counts = {rule.rule: rule.entries for rule in lint("openai-preference").rules}
    # A foreign field of that name is no list of other answers.
    assert counts["no-pair"] == 4
    assert {rule.rule: rule.entries for rule in lint("kto").rules}["no-label"] == 2


@pytest.mark.parametrize(
    ("target", "mended"),
    [
        (
            "llamafactory",
            {"tool-call-string", "tool-call-object", "tool-id", "developer-role", "content-parts"},
        ),
        (
            "llamafactory-openai",
            {"tool-call-string", "tool-id", "developer-role", "content-parts"},
        ),
        ("mistral", {"tool-call-object", "tool-id", "developer-role", "content-parts"}),
        ("together", {"developer-role", "content-parts"}),
        ("alpaca", {"developer-role", "content-parts"}),
        ("openai", set()),
        ("torchtune", set()),
    ],
)
def test_what_an_export_writes_differently_is_no_reason_to_refuse(
    store: Store, tags: dict[object, str], target: str, mended: set[str]
) -> None:
    raw = store.dataset("probes").lint(target, limit=100)
    written = store.dataset("probes").lint(target, limit=100, as_exported=True)
    before, after = (
        {(tags[one.entry_id], one.rule) for one in report.findings} for report in (raw, written)
    )
    assert after < before or (after == before and not mended)
    assert {tag for tag, _ in before - after} == mended
    assert not any(rule.refusing for rule in raw.rules if rule.mended)
    assert all("--format" in rule.resolved_by[0] for rule in raw.rules if rule.mended)
    assert not any(rule.mended for rule in written.rules)


def test_parts_that_are_not_text_stay_parts(store: Store, tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "x"}}
    records = [
        {"messages": [said("user", content), said("assistant", "No.")]}
        for content in (
            [{"type": "text", "text": "Who?"}, image],
            [image],
            [{"type": "text", "text": "Who?"}],
            ["Who?"],
            {"text": "Who?"},
        )
    ]
    store.dataset("parts").import_file(jsonl(tmp_path / "parts.jsonl", records))
    lint = store.dataset("parts").lint
    for as_exported, expected in ((False, 5), (True, 3)):
        report = lint("mistral", as_exported=as_exported)
        assert [(one.rule, one.entries) for one in report.rules] == [("content-parts", expected)]
