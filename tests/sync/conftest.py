from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from rolethread_store.testing.backups import SampleStore


@pytest.fixture
def sample(tmp_path: Path) -> SampleStore:
    return SampleStore.create(tmp_path / "store", seed=1)


@pytest.fixture(params=["file", "memory"])
def remote_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "memory":
        name = f"backup-{uuid4().hex}"
        yield f"memory://{name}"
        system = fsspec.filesystem("memory")
        if system.exists(f"/{name}"):
            system.rm(f"/{name}", recursive=True)
    else:
        yield (tmp_path / "a drive" / "backup").as_uri()
