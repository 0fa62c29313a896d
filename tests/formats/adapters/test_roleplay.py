"""Chats, cards and stories of roleplay programs."""

from __future__ import annotations

import json

import pytest

from rolethread_store.formats.adapters import Draft, Reading, ReadingOptions, RecordOdd
from rolethread_store.model.facts import FactKind
from tests.formats.sampling import PLAIN, SAMPLES, adapter, readings, records


def only(name: str, file: str) -> Draft:
    (reading,) = readings(name, file)
    (draft,) = reading.drafts
    return draft


def said(draft: Draft) -> list[tuple[str, str | None]]:
    return [(turn.role, turn.content) for turn in draft.turns]


def facts(reading: Reading) -> list[tuple[str, str]]:
    return [(str(fact.kind), fact.key) for fact in reading.facts]


# --- SillyTavern


def test_sillytavern_chooses_a_swipe_and_keeps_the_others() -> None:
    draft = only("sillytavern", "tavern.jsonl")
    greeting, answer, hidden, edited = draft.turns
    assert greeting.role == "assistant", "a chat begins with the character's greeting"
    assert greeting.content == "*A lantern swings.* Who goes there?"
    assert [(one.content, (one.extra or {})["swipe"]) for one in greeting.alternatives] == [
        ("Halt.", 0),
        ("Hm?", 2),
    ]
    assert (greeting.alternatives[1].extra or {})["reasoning_content"] == "He is tired."
    assert (greeting.extra or {})["reasoning_content"] == "Greet her."
    assert (greeting.name, greeting.character) == ("Rex", "rex")
    assert (answer.role, answer.name, answer.character) == ("user", "Ann", None)
    assert (hidden.role, (hidden.extra or {})["hidden"]) == ("system", True)
    assert (hidden.extra or {})["is_user"] is True
    assert edited.content == "Then come in, quickly!"
    assert [one.content for one in edited.alternatives] == ["Then come in."]
    assert (draft.extra or {})["chat_metadata"]["note_prompt"] == "[rainy]"


def test_sillytavern_dates_of_four_styles() -> None:
    draft = only("sillytavern", "tavern.jsonl")
    told = [turn.extra or {} for turn in draft.turns]
    assert [(one["send_date"], one["sent_at"]) for one in told] == [
        ("January 2, 2026 3:04am", "2026-01-02T03:04:00"),
        (1767323105000, "2026-01-02T03:05:05Z"),
        ("2026-01-02T03:05:10.000Z", "2026-01-02T03:05:10Z"),
        ("2026-1-2 @03h 06m 51s 363ms", "2026-01-02T03:06:51.363"),
    ]
    assert (draft.extra or {})["created_at"] == "2026-01-02T03:04:05"


def test_sillytavern_groups_name_speakers_by_pictures() -> None:
    (reading,) = readings("sillytavern", "group.jsonl")
    (draft,) = reading.drafts
    assert [(turn.role, turn.name, turn.character) for turn in draft.turns] == [
        ("assistant", "Elya Moon", "elya-moon"),
        ("assistant", "Grom", "grom"),
        ("system", "Narrator", None),
        ("user", "Kim", None),
    ]
    assert facts(reading) == [("character", "elya-moon"), ("character", "grom")]
    assert "user_name" not in (draft.extra or {}), "“unused” is nobody's name"
    assert "sent_at" not in (draft.turns[0].extra or {}), "a date nobody can read stays as it is"


def test_chub_wraps_texts_into_objects() -> None:
    draft = only("sillytavern", "chub.jsonl")
    assert said(draft) == [("assistant", "Tea?"), ("user", "Tea, please.")]
    assert [one.content for one in draft.turns[0].alternatives] == ["Coffee?"]


# --- cards and lorebooks


@pytest.mark.parametrize("file", ["v1.json", "v2.json"])
def test_a_card_is_a_character_and_its_examples_are_entries(file: str) -> None:
    (reading,) = readings("character-card", file, ReadingOptions(user_name="Ann"))
    first, second = reading.drafts
    assert [(turn.role, turn.content, turn.name, turn.character) for turn in first.turns] == [
        ("user", "Is it far?", "Ann", None),
        ("assistant", "*points* Two miles.\nMind the rocks, Ann.", "Rex Harbour", "rex-harbour"),
    ]
    assert first.extra == {"card": "Rex Harbour", "part": "example", "preface": "The door bangs."}
    assert said(second) == [("user", "Any food?"), ("assistant", "Fish.")]
    character = reading.facts[0]
    assert (character.kind, character.key) == (FactKind.CHARACTER, "rex-harbour")
    (record,) = records(SAMPLES / "character-card" / file)
    assert json.loads(getattr(character, "extra", "")) == record, "the whole card is kept"
    assert first.tags == (("sea", "storm") if file == "v2.json" else None)
    assert facts(reading)[1:] == ([("lore", "the-coast")] if file == "v2.json" else [])


def test_marks_for_the_user_stay_unless_a_name_is_given() -> None:
    (reading,) = readings("character-card", "v1.json")
    assert reading.drafts[0].turns[1].content == "*points* Two miles.\nMind the rocks, {{user}}."
    assert reading.drafts[0].turns[0].name is None


def test_a_v3_card_goes_by_its_nickname() -> None:
    (reading,) = readings("character-card", "v3.json")
    assert facts(reading) == [("character", "мария")]
    assert reading.drafts[0].turns[1].content == "Я Маша."
    assert reading.drafts[0].turns[1].character == "мария"


def test_cards_in_pictures_and_archives() -> None:
    ((pixel,), (packed,)) = (
        readings("character-card", "card.png"),
        readings("character-card", "card.charx"),
    )
    assert facts(pixel) == [("character", "pixel")], "ccv3 is preferred to chara"
    assert facts(packed) == [("character", "zip")]
    assert said(pixel.drafts[0]) == [("user", "Hey."), ("assistant", "Hey yourself.")]


def test_prose_alone_is_an_example_of_how_a_character_writes() -> None:
    card = {"name": "Moth", "first_mes": "", "description": "", "mes_example": "{{char}} hums."}
    (draft,) = adapter("character-card").read(card, PLAIN).drafts
    assert said(draft) == [("assistant", "Moth hums.")]


def test_a_card_without_a_name_is_odd() -> None:
    card = {"spec": "chara_card_v2", "data": {"name": " ", "mes_example": ""}}
    with pytest.raises(RecordOdd, match="no name"):
        adapter("character-card").read(card, PLAIN)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("lorebook_v3.json", "Northern Isles"),
        ("memory_book.json", "Agna's memory"),
        ("world_info.json", "lorebook-"),
    ],
)
def test_a_lorebook_is_one_fact_with_all_its_entries(file: str, name: str) -> None:
    (reading,) = readings("lorebook", file)
    (fact,) = reading.facts
    assert fact.kind is FactKind.LORE
    assert fact.name.startswith(name)
    (record,) = records(SAMPLES / "lorebook" / file)
    assert json.loads(fact.extra or "") == record.get("data", record)
    assert reading.drafts == ()


# --- logs and stories


def test_textgen_tells_what_was_shown_from_what_was_said() -> None:
    draft = only("textgen", "log.json")
    assert said(draft) == [
        ("assistant", "Welcome to the <b>inn</b>."),
        ("user", "Is there soup?"),
        ("assistant", "Yes & bread."),
        ("assistant", "Anything else?"),
    ]
    assert [one.content for one in draft.turns[2].alternatives] == ["No soup."]
    assert "visible" not in (draft.turns[0].extra or {}), "escaping for HTML is no difference"
    assert (draft.turns[3].extra or {})["visible"] == "Anything <i>else</i>?"
    assert said(only("textgen", "old.json"))[0] == ("user", "Hi")


def test_kobold_adventures_and_their_alternatives() -> None:
    draft = only("kobold", "story.json")
    assert said(draft) == [
        ("assistant", "You wake in a cave."),
        ("assistant", "\nWater drips."),
        ("user", "You call out"),
        ("assistant", "\nAn echo answers."),
    ]
    assert [one.content for one in draft.turns[1].alternatives] == [
        "\nIt is dark.",
        "\nBats stir.",
    ]
    assert (draft.extra or {})["worldinfo"][0]["content"] == "The cave has one exit."
    assert said(only("kobold", "united.json")) == [
        ("user", "Once."),
        ("assistant", " There was"),
        ("assistant", " a fox."),
    ]


def test_kobold_lite_tells_sides_by_its_settings() -> None:
    assert said(only("kobold", "lite_instruct.json")) == [
        ("system", "A map lies on the table."),
        ("user", "Read the map."),
        ("assistant", "It shows an island."),
        ("user", "Where?"),
        ("assistant", "South."),
    ]
    chat = only("kobold", "lite_chat.json")
    assert [(turn.role, turn.name, turn.content) for turn in chat.turns] == [
        ("user", "Mo", "Hello?"),
        ("assistant", "Vee", "Hi, Mo."),
        ("user", "Mo", "How is it?"),
        ("assistant", "Odd", "Fine: thanks."),
    ]
    assert (chat.extra or {})["alternatives"] == [["\nVee: What?"]]


def test_ai_dungeon_text_and_story_cards() -> None:
    draft = only("ai-dungeon", "cave.txt")
    assert [turn.role for turn in draft.turns] == ["assistant", "user"] * 2 + ["assistant"]
    assert draft.turns[1].content == "You look around."
    assert draft.turns[2].content == "A crooked inn leans over the square.\nIts sign creaks."
    cards = readings("ai-dungeon", "story_cards.json")
    assert [facts(one) for one in cards] == [[("lore", "larn")], [("lore", "shutter")]]


def test_character_ai_gives_one_draft_for_each_history() -> None:
    (reading,) = readings("character-ai", "dump.json")
    first, second = reading.drafts
    assert said(first) == [
        ("assistant", "Get in."),
        ("user", "Where to?"),
        ("assistant", "Across."),
    ]
    assert [one.content for one in first.turns[2].alternatives] == ["Nowhere.", "Down."]
    assert said(second) == [("assistant", "Again?"), ("user", "Again.")]
    assert facts(reading) == [("character", "nell")]
    (definition,) = readings("character-ai", "definition.json")
    assert definition.drafts == ()
    assert "Mind the step." in (getattr(definition.facts[0], "extra", None) or "")


def test_agnai_sides_retries_and_branches() -> None:
    draft = only("agnai", "chat.json")
    assert [(turn.role, turn.character) for turn in draft.turns] == [
        ("assistant", "sable"),
        ("user", None),
        ("assistant", "sable"),
    ]
    assert [one.content for one in draft.turns[0].alternatives] == ["*stretches*"]
    tree = only("agnai", "tree.json")
    assert [turn.content for turn in tree.turns] == ["One.", "Two.", "Three!"]
    assert [one.content for one in tree.turns[2].alternatives] == ["Three?"]
