"""Discord, Telegram, WhatsApp: any number of speakers, and messages nobody said."""

from __future__ import annotations

import pytest

from rolethread_store.formats.adapters import Draft, ReadingOptions, RecordOdd
from tests.formats.sampling import PLAIN, SAMPLES, adapter, readings, records


def only(name: str, file: str, options: ReadingOptions = PLAIN) -> Draft:
    (reading,) = readings(name, file, options)
    (draft,) = reading.drafts
    return draft


def said(draft: Draft) -> list[tuple[str, str | None, str | None]]:
    return [(turn.role, turn.name, turn.content) for turn in draft.turns]


def test_discord_bots_are_the_assistants_among_people() -> None:
    draft = only("discord", "channel.json")
    assert said(draft) == [
        ("assistant", "Captain Vey", "Hold the line!"),
        ("user", "Ann", "I grab the rope."),
        ("user", "Ann (ann.b)", None),
        ("assistant", "Captain Vey", "Heave!"),
    ]
    told = [turn.extra or {} for turn in draft.turns]
    assert told[1]["reply_to"] == told[0]["id"] == "9007199254740993"
    assert told[0]["bot"] is True
    assert told[2]["attachments"] == ["https://cdn.example.net/deck.png"]
    service = (draft.extra or {})["service"]
    assert [(one["id"], one["type"]) for one in service] == [
        ("12", "GuildMemberJoin"),
        ("15", "Default"),
    ]


@pytest.mark.parametrize("name", ["discord", "telegram", "whatsapp"])
def test_the_user_says_who_the_assistants_are(name: str) -> None:
    file, who = {
        "discord": ("channel.json", "Ann"),
        "telegram": ("result.json", "JO"),
        "whatsapp": ("android.txt", "Ben Ó"),
    }[name]
    draft = only(name, file, ReadingOptions(frozenset({who})))
    for turn in draft.turns:
        mine = (turn.name or "").casefold() == who.casefold()
        assert turn.role == ("assistant" if mine else "user")


def test_telegram_texts_are_strings_or_lists() -> None:
    draft = only("telegram", "result.json")
    assert said(draft) == [
        ("user", "Jo", "Are you there?"),
        ("assistant", "Mira", "Yes, always."),
        ("assistant", "Deleted Account user0", None),
        ("assistant", "Mira", "Nice!"),
    ]
    told = [turn.extra or {} for turn in draft.turns]
    assert told[1]["reply_to"] == "2"
    assert told[2]["photo"] == "photos/photo_1.jpg"
    assert told[0]["sent_at"] == "2026-01-02T03:04:05Z"
    assert [one["action"] for one in (draft.extra or {})["service"]] == ["phone_call"]


def test_telegram_gives_one_draft_for_each_chat_with_messages() -> None:
    (reading,) = readings("telegram", "account.json")
    assert [len(draft.turns) for draft in reading.drafts] == [4, 2]
    assert [fact.key for fact in reading.facts][-2:] == ["ivo", "sol"]


def test_whatsapp_lines_and_dates_of_two_telephones() -> None:
    draft = only("whatsapp", "android.txt")
    assert said(draft) == [
        ("user", "Ann", "hi\nsecond line\n\nfourth line"),
        ("assistant", "Ben Ó", "<Media omitted>"),
        ("user", "Ann", "time: late"),
    ]
    assert (draft.turns[0].extra or {})["sent_at"] == "2026-01-02T03:04:00"
    assert len((draft.extra or {})["service"]) == 1
    phone = only("whatsapp", "iphone.txt")
    assert said(phone) == [
        ("user", "Ann", "image omitted"),
        ("assistant", "Ben", "What is it?"),
        ("user", "Ann", "A gull."),
    ]
    assert (phone.turns[2].extra or {})["sent_at"] == "2026-01-22T15:05:05"


def test_channels_where_nobody_speaks_are_odd() -> None:
    (record,) = records(SAMPLES / "discord" / "channel.json")
    record["messages"] = record["messages"][1:2]
    with pytest.raises(RecordOdd, match="no message"):
        adapter("discord").read(record, PLAIN)
