"""What people are told, in both languages."""

from typing import Any

import pytest

from domain.alerts import Kind, Language, Stage, words_for, words_for_test

FACTS: dict[Kind, tuple[str, dict[str, Any]]] = {
    Kind.COMPONENT_DOWN: ("worker", {"since": "2026-11-21 10:00 UTC"}),
    Kind.SENDER_STOPPED: ("s1", {"name": "Paris", "sender_id": "s1", "reason": "blocked"}),
    Kind.SENDER_ERRORS: ("s1", {"name": "Paris", "share": 0.125}),
    Kind.QUOTA_HIGH: ("s1", {"name": "Paris", "share": 0.8, "sent": 800, "quota": 1000}),
    Kind.WEBHOOK_SILENCE: ("", {"since": "2026-11-21 10:00 UTC", "url": "https://relance.example"}),
    Kind.UPKEEP_FINDINGS: ("", {"found": 3, "fixed": 2, "kinds": "missed reply"}),
    Kind.INSTALLATION_HELD: ("", {"reason": "a backup was restored"}),
}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("stage", list(Stage))
def test_every_kind_has_words_without_a_hole(kind: Kind, language: Language, stage: Stage) -> None:
    """No fact is missing, and every one is in them."""
    subject, facts = FACTS[kind]
    title, body = words_for(kind, subject, facts, stage=stage, lasted_s=600, language=language)
    assert "?" not in title + body
    assert "{" not in title + body
    assert ("10 min" in body) is (stage is Stage.RESOLVED)
    if "name" in facts:
        assert "Paris" in body


def test_languages_and_stages_differ() -> None:
    """Nobody confuses an end with a beginning."""
    told = {
        words_for(Kind.QUOTA_HIGH, "s1", FACTS[Kind.QUOTA_HIGH][1], stage=stage, lasted_s=0, language=language)
        for stage in Stage
        for language in ("en", "fr")
    }
    assert len(told) == 6
    assert words_for_test("en") != words_for_test("fr")


def test_whoever_raises_another_kind_brings_its_words() -> None:
    """As reconciliation does; braces in them mean nothing, and without words there is still an alert."""
    given = {"title": "Lost {webhook}", "body": "3 were recovered"}
    told = words_for("reconciliation", "webhooks", given, stage=Stage.REMINDER, lasted_s=0, language="fr")
    assert told == ("Toujours : Lost {webhook}", "3 were recovered")
    bare = words_for("odd_kind", "thing", {}, stage=Stage.RAISED, lasted_s=0, language="en")
    assert bare == ("odd kind", "thing")
