"""What the tests of the command line share besides fixtures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from rolethread_store.crypto.kdf import floor_params

__all__ = ["PASSPHRASE", "RECORDS", "SHAREGPT", "Ran", "Runner", "stay_as_it_is"]

PASSPHRASE = "seven quiet lanterns"

RECORDS: list[dict[str, Any]] = [
    {
        "messages": [
            {"role": "system", "content": "You keep a tavern."},
            {"role": "user", "content": "Who lit the old lighthouse?"},
            {"role": "assistant", "content": "Nobody\tadmits it."},
        ],
        "tags": ["night"],
        "source": {"shelf": 3},
    },
    {
        "messages": [
            {"role": "user", "content": "Zwei Bier, bitte.", "name": "Greta"},
            {"role": "assistant", "content": "Kommt sofort."},
        ]
    },
]
SHAREGPT = {"conversations": [{"from": "human", "value": "Ho!"}, {"from": "gpt", "value": "Hi."}]}


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        """What it printed, parsed."""
        return json.loads(self.out)


Runner = Callable[..., Ran]


def stay_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands run in this process: it is not hardened, and its speed is not measured.

    The commands that are processes of their own do both.
    """
    for module in ("secrets", "new_passphrase"):
        monkeypatch.setattr(f"rolethread_store.cli.{module}.protect_process", lambda: None)
    for module in ("opening", "rekeying", "slots"):
        monkeypatch.setattr(f"rolethread_store.store.{module}.calibrated", floor_params)
