from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from tests.cli.running import RECORDS, Runner

pytestmark = pytest.mark.usefixtures("store")

LINES = "\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS)


def test_patterns_and_compressed_files(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    (tmp_path / "b.jsonl").write_text(LINES + "\n\n", encoding="utf-16")
    done = run("import", tmp_path / "*.json*", "--dataset", "new", "--json").json
    assert (done["sources"], done["entries"]) == (["a.jsonl.gz", "b.jsonl"], 4)
    none = run("import", tmp_path / "*.csv", "--dataset", "new")
    assert none.code != 0
    assert "no file matches" in none.err


def test_standard_input(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.TextIOWrapper(io.BytesIO(gzip.compress(LINES.encode())))
    monkeypatch.setattr("sys.stdin", piped)
    done = run("import", "-", "--dataset", "new", "--json").json
    assert (done["sources"], done["entries"]) == (["stdin"], 2)


def test_a_table_in_an_encoding_of_its_own(run: Runner, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("Nr;Wer;Was\n1;user;Grüße\n1;assistant;Zurück\n2;user;Hm\n", "cp1252")
    words = ["--table", "csv", "--encoding", "cp1252", "--group", "Nr"]
    words += ["--column", "role=Wer", "--column", "content=Was"]
    done = run("import", path, "--dataset", "new", *words, "--json").json
    assert (done["entries"], done["quarantined"]) == (2, 0)
    sql = "SELECT content FROM messages WHERE role = 'assistant'"
    assert run("sql", sql, "--dataset", "new", "--json").json == [{"content": "Zurück"}]
    wrong = run("import", path, "--dataset", "new", *words, "--column", "name=Wem")
    assert wrong.code != 0
    assert "no column “Wem”" in wrong.err
    assert "Nr, Wer, Was" in wrong.err
