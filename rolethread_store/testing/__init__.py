"""The test kit: disks that fail on purpose, for this project and for what builds on it.

Shipped with the package; nothing outside of tests imports it.
"""

from rolethread_store.testing.disk import Fault, FaultyDisk, Operation

__all__ = ["Fault", "FaultyDisk", "Operation"]
