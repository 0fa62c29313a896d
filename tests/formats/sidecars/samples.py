"""A sidecar with everything in it, keys nobody knows included."""

from __future__ import annotations

__all__ = ["ENTRIES", "SIDECAR"]

DATASET = "6f1d0c1e-8a52-4b0e-9d4e-0f6f3a6d1a11"
ENTRIES = ("0a3c6d52-5b1f-4c7e-8f9a-1b2c3d4e5f60", "0a3c6d52-5b1f-4c7e-8f9a-1b2c3d4e5f61")

SIDECAR = f"""{{
  "metadata": {{
    "schema_version": 1,
    "kind": "rolethread.tag_registry",
    "exported_at": "2026-05-01T10:00:00Z",
    "app_name": "RoleThread Lite",
    "app_version": "1.0.0",
    "mood": "grün"
  }},
  "dataset": {{
    "dataset_uuid": "{DATASET}",
    "filename": "tavern.jsonl",
    "entry_count": 2,
    "tag_usage_counts": {{"greeting": 1}},
    "shelf": 1.10
  }},
  "categories": [
    {{"slug": "interaction", "name": "Interaction", "sort_order": 2, "is_active": true,
      "is_builtin": true, "colour": [1e400, 0.30000000000000000001]}}
  ],
  "tags": [
    {{"slug": "greeting", "name": "Greeting", "category_slug": "interaction", "sort_order": 0,
      "status": "active", "is_active": true, "is_builtin": true, "lifecycle": {{"a": null}}}},
    {{"slug": "old_mood", "name": "Old Mood", "category_slug": null, "sort_order": 7,
      "status": "uncategorized", "is_active": true, "is_builtin": false, "lifecycle": {{}}}}
  ],
  "aliases": [
    {{"old_slug": "hello", "action": "rename", "new_slug": "hi", "metadata": {{"n": 1}}}},
    {{"old_slug": "gone", "action": "hide", "new_slug": null, "metadata": {{}}}},
    {{"old_slug": "hello", "action": "merge", "new_slug": "greeting", "metadata": {{"n": 2}},
      "weight": 12345678901234567890}}
  ],
  "characters": [
    {{"slug": "rex", "display_name": "Rex", "description": "A dog.", "is_active": true,
      "voice": {{"pitch": 0.5}}}},
    {{"slug": "ann", "display_name": "Ann O'Neil", "description": null, "is_active": false}}
  ],
  "entry_character_mappings": [
    {{"entry_uuid": "{ENTRIES[0]}", "since": 3, "turns": [
      {{"turn_index": 1, "character_slug": "ann", "training_role": "user",
        "source_role_label": "Ann", "sure": true}},
      {{"turn_index": 2, "character_slug": "rex", "training_role": "assistant",
        "source_role_label": null}}
    ]}},
    {{"entry_uuid": "{ENTRIES[1]}", "turns": [
      {{"turn_index": 9, "character_slug": "rex", "training_role": "assistant",
        "source_role_label": null}},
      {{"turn_index": 1, "character_slug": "rex", "training_role": "assistant",
        "source_role_label": null}},
      {{"turn_index": 2, "character_slug": "zoe", "training_role": "assistant",
        "source_role_label": null}}
    ]}},
    {{"entry_uuid": "nobody", "turns": [
      {{"turn_index": 0, "character_slug": "rex", "training_role": "user",
        "source_role_label": "R"}}
    ]}}
  ],
  "system_prompts": [
    {{"slug": "keeper", "name": "Keeper", "content": "You keep a tavern.", "description": null,
      "is_active": true, "folder": "inn"}}
  ],
  "future": {{"colour": "blau", "list": [1, 2.0, null]}}
}}
"""
