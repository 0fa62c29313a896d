"""``python -m rolethread_store.cli`` is ``rolethread``."""

from __future__ import annotations

import sys

from rolethread_store.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
