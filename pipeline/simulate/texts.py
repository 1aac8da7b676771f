"""Texts of simulated posts, composed from the phrase book.

A text depends on the seed and on the event's `text` alone, so copies say the same words.  Complaints are plainly
negative and praise plainly positive, apart from a few per cent of sarcasm, slang and typing errors.  Posts and quotes
name the company; most answers name nobody, as in life: the thread tells whom they are about.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from pipeline.simulate.companies import Company
from pipeline.simulate.events import Event
from pipeline.simulate.limits import StoryKind
from pipeline.simulate.phrases import phrases

_SLOT = re.compile(r"\{(\w+)\}")
_SENTENCE = re.compile(r"(?<=[.!?] )[a-z]")
_TONES = {-1: "complaint", 0: "neutral", 1: "praise"}
_SARCASM, _TYPO, _EMOJI, _LOWER = 0.03, 0.05, 0.15, 0.08
_NAMED_REPLY = 0.2
"""Share of answers that name the company."""


class Writer:
    """Words for the events of one simulation."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._book = phrases()

    def write(self, event: Event, company: Company | None, story: StoryKind | None = None) -> str:
        """The text of `event` about `company`; None: about nobody.  `story` is the kind of its story, if any."""
        rng = random.Random(f"{self._seed}|{event.text}")
        if company is None:
            return self._fill(rng, rng.choice(self._book.chatter), "")
        name = mention(rng, company)
        if story == "promotion" and event.polarity >= 0:
            pool = self._book.promotion["positive" if event.polarity > 0 else "neutral"]
            return self._fill(rng, rng.choice(pool), name)
        if story == "repost_flood":
            return self._fill(rng, rng.choice(self._book.flood), name)
        if story == "brigade":
            return self._fill(rng, rng.choice(self._book.brigade), name)
        tone = _TONES[event.polarity]
        if event.text_kind == "quote":
            return self._dress(rng, tone, self._fill(rng, rng.choice(self._book.quotes[tone]), name), name)
        if event.text_kind == "reply" and rng.random() >= _NAMED_REPLY:
            return self._reply(rng, tone)
        topic = _topic(event.story, self._seed, self._topics(company)) if story == "cascade" else None
        return self._post(rng, tone, company, name, topic)

    def _topics(self, company: Company) -> list[str]:
        return sorted(self._book.industries[company.industry].complaints)

    def _post(self, rng: random.Random, tone: str, company: Company, name: str, topic: str | None) -> str:
        """Opener, what happened, closer."""
        if tone == "complaint" and topic is None and rng.random() < _SARCASM:
            return self._fill(rng, rng.choice(self._book.sarcasm), name)
        core = self._fill(rng, rng.choice(self._cores(rng, tone, company, topic)), name)
        opener = self._fill(rng, rng.choice(self._book.openers[tone]), name)
        closer = self._fill(rng, rng.choice(self._book.closers[tone]), name)
        return self._dress(
            rng, tone, " ".join(part[:1].upper() + part[1:] for part in (opener, core, closer) if part), name
        )

    def _cores(self, rng: random.Random, tone: str, company: Company, topic: str | None) -> Sequence[str]:
        industry = self._book.industries[company.industry]
        if tone == "praise":
            return self._book.praise + industry.praise
        if tone == "neutral":
            return self._book.neutral + industry.neutral
        if topic is not None:
            return industry.complaints[topic]
        topics = {**self._book.common, **industry.complaints}
        return topics[rng.choice(sorted(topics))]

    def _reply(self, rng: random.Random, tone: str) -> str:
        text = self._fill(rng, rng.choice(self._book.replies[tone]), "")
        tail = self._fill(rng, rng.choice(self._book.replies["tail"]), "") if tone == "complaint" else ""
        if not tail:
            return self._dress(rng, tone, text, "")
        return self._dress(rng, tone, f"{text}{'.' if text[-1].isalnum() else ''} {tail}", "")

    def _fill(self, rng: random.Random, template: str, name: str) -> str:
        def value(match: re.Match[str]) -> str:
            slot = match.group(1)
            return name if slot == "co" else rng.choice(self._book.slots[slot])

        text = _SLOT.sub(value, template)
        return _SENTENCE.sub(lambda match: match.group().upper(), text)

    def _dress(self, rng: random.Random, tone: str, text: str, name: str) -> str:
        """A typing error, a small first letter or an emoji, now and then; names keep their letters."""
        if rng.random() < _TYPO:
            text = typo(rng, text)
        if rng.random() < _LOWER and not (name and text.startswith(name)):
            text = text[:1].lower() + text[1:].rstrip(".")
        if rng.random() < _EMOJI:
            text = f"{text} {rng.choice(self._book.emoji[tone])}"
        return text


def mention(rng: random.Random, company: Company) -> str:
    """One of the ways in which people write the company: mostly its name, at times a handle or a hashtag."""
    u = rng.random()
    if u < 0.25 and company.handles:
        return f"@{rng.choice(company.handles)}"
    if u < 0.32:
        return "#" + company.name.replace(" ", "")
    if u < 0.45 and company.aliases:
        return rng.choice(company.aliases)
    return company.name


def names(company: Company) -> list[str]:
    """Every way in which `mention` writes the company, those first that hold others."""
    hashtag = "#" + company.name.replace(" ", "")
    return [*(f"@{handle}" for handle in company.handles), hashtag, company.name, *company.aliases]


def typo(rng: random.Random, text: str) -> str:
    """Two neighbouring letters of one plain lower-case word swapped; the first letter stays."""
    words = text.split(" ")
    plain = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha() and word.islower()]
    if plain:
        i = rng.choice(plain)
        at = rng.randrange(1, len(words[i]) - 2)
        word = words[i]
        words[i] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def _topic(story: str, seed: int, topics: list[str]) -> str:
    """What a snowball is about: one topic of the industry for the whole of it."""
    return random.Random(f"{seed}|{story}").choice(topics)
