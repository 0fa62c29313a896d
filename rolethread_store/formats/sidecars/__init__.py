"""Sidecars: the ``.registry.json`` that RoleThread Lite keeps beside a dataset."""

from rolethread_store.formats.sidecars.exact import JsonObject, NotExact, exact_text, read_exact
from rolethread_store.formats.sidecars.files import (
    SidecarForeign,
    SidecarMissing,
    load_sidecar,
    save_sidecar,
)
from rolethread_store.formats.sidecars.memory import SidecarMemory
from rolethread_store.formats.sidecars.reading import read_sidecar
from rolethread_store.formats.sidecars.sidecar import (
    EntryMapping,
    Leftover,
    Sidecar,
    SidecarIdentity,
    SidecarTooNew,
    SidecarUnreadable,
    TurnMapping,
)
from rolethread_store.formats.sidecars.writing import write_sidecar

__all__ = [
    "EntryMapping",
    "JsonObject",
    "Leftover",
    "NotExact",
    "Sidecar",
    "SidecarForeign",
    "SidecarIdentity",
    "SidecarMemory",
    "SidecarMissing",
    "SidecarTooNew",
    "SidecarUnreadable",
    "TurnMapping",
    "exact_text",
    "load_sidecar",
    "read_exact",
    "read_sidecar",
    "save_sidecar",
    "write_sidecar",
]
