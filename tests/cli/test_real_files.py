"""The whole job on files other people published, when they are at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Runner

DATA = Path(__file__).parents[3] / "shared" / "data"

FILES = {
    "sharegpt": (
        "sharegpt_fastchat_dummy.json",
        "llamafactory_dpo_en_demo.json",
        "llamafactory_glaive_toolcall_en_demo.json",
    ),
    "chatml": (
        "llamafactory_kto_en_demo.json",
        "llamafactory_mllm_demo.json",
        "llamafactory_reason_tool_use_demo_50.jsonl",
        "llamafactory_v1_sft_demo.jsonl",
    ),
}

pytestmark = [
    pytest.mark.usefixtures("store"),
    pytest.mark.skipif(not DATA.is_dir(), reason="the real files are not here"),
]


def _records(path: Path) -> list[Any]:
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.split("\n") if line.strip()]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shape", FILES)
def test_the_whole_job(run: Runner, tmp_path: Path, shape: str) -> None:
    sources = [DATA / name for name in FILES[shape]]
    before = [(path, path.read_bytes()) for path in sources]
    records = [record for path in sources for record in _records(path)]

    told = run("import", *sources, "--dataset", "real", "--json").json
    assert (told["entries"], told["quarantined"]) == (len(records), 0)
    assert told["formats"] == {shape: len(records)}
    counted = run("sql", "SELECT count(*) AS n FROM entries", "--dataset", "real", "--json").json
    assert counted == [{"n": len(records)}]

    entry_id = run("list", "--dataset", "real", "--limit", "1", "--json").json[0]["entry_id"]
    assert run("edit", entry_id, "--message", 0, "--content", "A wholly new beginning.").code == 0
    assert [hit["entry_id"] for hit in run("search", "wholly new", "--json").json] == [entry_id]
    assert run("undo").code == 0
    assert run("search", "wholly new", "--json").json == []

    assert run("remote", "add", "backup", tmp_path / "backup").code == 0
    assert run("push", "backup").code == 0
    assert run("verify", "backup").code == 0
    assert run("restore", tmp_path / "backup", tmp_path / "restored").code == 0
    out = tmp_path / "out.jsonl"
    done = run("--store", tmp_path / "restored", "export", "real", out, "--format", shape)
    assert done.code == 0
    assert _records(out) == records
    assert all(path.read_bytes() == content for path, content in before)
