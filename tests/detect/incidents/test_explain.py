"""The sentence that a manager reads first."""

from __future__ import annotations

import pytest

from pipeline.detect.incidents.explain import Known, summary
from pipeline.detect.incidents.forecast import Outlook
from pipeline.detect.narratives.phrases import IncidentVocabulary, new_phrases
from pipeline.detect.narratives.vocabulary import PastVocabulary
from pipeline.detect.narratives.words import terms
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.incident import Fired, Incident
from pipeline.detect.state.timeline import Timeline
from pipeline.text.duration import duration

STARTED = 1_772_460_300  # 2026-03-02 14:05 UTC
OUTLOOK = Outlook(183.0, 88.0, 420.0, 9.0)


def incident(**changes: object) -> Incident:
    made = Incident(
        incident_id="acme:pile_on:x:1", kind="pile_on", opened_at=STARTED + 300.0, started=STARTED, share_before=0.15,
        expected_from=0.0, roots=[1], wide=False, fired=[Fired("pile_on", STARTED + 300, 4.2, 4.0, 0.1)],
        timeline=Timeline(STARTED), mentions=51, negative=42, authors=38,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def said_of(made: Incident, expected: float = 1.2, outlook: Outlook = OUTLOOK, about: str = "") -> str:
    return summary(EntityState(clock=STARTED + 25 * 60), made, Known("Acme", expected, outlook), about)


def test_pile_on_in_one_sentence() -> None:
    assert said_of(incident(), about="“charged twice” and “refund”") == (
        "Acme: 51 posts, 42 negative, by 38 people in one thread within 25 minutes, since 14:05 UTC, where "
        "1.2 negative would be usual, about “charged twice” and “refund”; doubling in 9 minutes, may reach about "
        "180 (88–420)."
    )


def test_surge_that_hardly_grows() -> None:
    made = incident(kind="surge", wide=True, roots=[], mentions=1_240, negative=310, authors=1_100)
    assert said_of(made, expected=44.0, outlook=Outlook(1_240.0, 1_240.0, 1_300.0, None)) == (
        "Acme: 1,240 posts, 310 negative, by 1,100 people within 25 minutes, since 14:05 UTC, where 44 negative would "
        "be usual; hardly growing now, may reach about 1,200 (1,200–1,300)."
    )


def test_amplification_and_what_is_odd_about_it() -> None:
    made = incident(kind="amplification", reposts=400, reasons=("few_authors", "new_accounts"), learning=True)
    assert said_of(made, expected=0.0) == (
        "Acme: a negative post shared 400 times by 38 people within 25 minutes, since 14:05 UTC, where next "
        "to no negative would be usual; doubling in 9 minutes, may reach about 180 (88–420); looks coordinated (few "
        "authors, new accounts); still learning what is normal here."
    )


def test_the_end_is_told_in_the_past() -> None:
    made = incident(hot=STARTED + 3 * 3600, resolved=STARTED + 4 * 3600)
    assert said_of(made) == (
        "Acme: over after 3 h, 51 posts, 42 negative, by 38 people in one thread, since 14:05 UTC, where 1.2 negative "
        "would be usual."
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "1 minute"), (1_500, "25 minutes"), (6_000, "1 h 40 min"), (7_200, "2 h"), (259_200, "3 days")],
)
def test_spans_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_new_phrases_are_those_that_the_past_does_not_know() -> None:
    past, talk = PastVocabulary(), IncidentVocabulary()
    for k in range(200):
        past.learn(f"Acme delivery was late today number {k}")
    for _ in range(12):
        talk.add(terms("Acme delivery, I was charged twice! https://example.org/x"), past, "Acme")
    phrases = new_phrases(talk, past, "Acme")
    assert ("charged twice", 12) in phrases
    assert all("delivery" not in text.split() and "acme" not in text for text, _ in phrases)


def test_words_leave_out_addresses_handles_and_the_commonest() -> None:
    assert terms("@acme the refund https://t.example/abc &amp; THE refund") == ["refund"]
