"""Rules for tags, characters and prompts; pure."""

from rolethread_store.registry.facts import Registry
from rolethread_store.registry.tags import TagInvalid, clean_tags

__all__ = ["Registry", "TagInvalid", "clean_tags"]
