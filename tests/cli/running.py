"""What the tests of the command line share besides fixtures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["PASSPHRASE", "RECORDS", "SHAREGPT", "Ran", "Runner"]

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
