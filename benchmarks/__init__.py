"""The bars of the design, each measured by a command: ``python -m benchmarks.NAME``."""

__all__: list[str] = []
