"""How right and how fast entity linking is.

    python -m benchmarks.linking.speed                20,000 entities, 100,000 names, beside flashtext and spaCy
    python -m benchmarks.linking.speed --twcs FILE    share of customer-support posts linked to the right company

Peers are measured where they are installed.  How right linking is elsewhere: `quality*.py`.

The texts and the names of the speed test are made up; the file of posts is given by path.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import random
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.enrich.catalogue import Catalogue, Entity, load_catalogue
from pipeline.enrich.linking.linker import Linker

COMPANY_OF_HANDLE = {
    "chipotletweets": "Chipotle", "tesco": "Tesco", "amazonhelp": "Amazon", "applesupport": "Apple",
    "sainsburys": "Sainsbury's", "morrisons": "Morrisons", "marksandspencer": "Marks & Spencer",
    "delta": "Delta Air Lines", "aldiuk": "Aldi", "americanair": "American Airlines",
    "british_airways": "British Airways", "uber_support": "Uber", "southwestair": "Southwest Airlines",
    "spotifycares": "Spotify", "askplaystation": "PlayStation", "xboxsupport": "Xbox", "verizonsupport": "Verizon",
    "comcastcares": "Comcast", "atviassist": "Activision", "tmobilehelp": "T-Mobile US", "askebay": "eBay",
    "airasiasupport": "AirAsia", "coxhelp": "Cox Communications", "ask_spectrum": "Spectrum", "hulu_support": "Hulu",
    "sprintcare": "Sprint", "adobecare": "Adobe", "virgintrains": "Virgin Trains", "bofa_help": "Bank of America",
    "argoshelpers": "Argos", "nationalrailenq": "National Rail", "alaskaair": "Alaska Airlines",
    "microsofthelps": "Microsoft", "mcdonalds": "McDonald's", "askpaypal": "PayPal", "gwrhelp": "Great Western Railway",
    "upshelp": "UPS", "askamex": "American Express", "chasesupport": "Chase", "asktarget": "Target",
    "askpapajohns": "Papa John's", "ask_wellsfargo": "Wells Fargo", "dropboxsupport": "Dropbox",
    "virginatlantic": "Virgin Atlantic", "azuresupport": "Microsoft Azure", "walmart": "Walmart",
    "postmates_help": "Postmates", "airtel_care": "Airtel", "godaddyhelp": "GoDaddy", "kimpton": "Kimpton",
    "londonmidland": "London Midland", "centurylinkhelp": "CenturyLink", "sw_help": "South Western Railway",
    "airbnbhelp": "Airbnb", "hpsupport": "HP", "idea_cares": "Idea Cellular", "neweggservice": "Newegg",
}  # fmt: skip
"""Written by hand: whom the support accounts of the customer-support sample speak for."""

_HANDLE = re.compile(r"@(\w+)")
_SYLLABLES = [c + v for c in "bcdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "ar", "en", "ix")]
_TALK_TEXT = (
    "my order never came and nobody answers the phone i love the new one but the app keeps crashing since the "
    "last update why is the line so long today can anyone help me with a refund thanks for nothing great service "
    "at the airport this morning will never buy from them again the driver was rude flight delayed again"
)
_TALK = _TALK_TEXT.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--twcs", type=Path, help="the customer-support sample (CSV)")
    parser.add_argument("--without-handles", action="store_true", help="judge the decoration rules, not the lists")
    parser.add_argument("--entities", type=int, default=20_000)
    parser.add_argument("--aliases", type=int, default=5, help="an entity")
    parser.add_argument("--posts", type=int, default=20_000)
    args = parser.parse_args()
    figures = quality(args.twcs, args.without_handles) if args.twcs else speed(args)
    sys.stdout.write(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def quality(path: Path, without_handles: bool) -> dict[str, object]:
    """Of inbound posts that name one of the 40 most frequent handles: the share linked to every company so named."""
    before, started = _memory(), time.process_time()
    catalogue = load_catalogue()
    if without_handles:
        bare = {i: Entity(id=e.id, name=e.name, aliases=e.aliases, distinctive=e.distinctive, fame=e.fame)
                for i, e in catalogue.entities.items()}  # fmt: skip
        catalogue = Catalogue(entities=bare)
    linker = Linker(catalogue)
    start, memory = time.process_time() - started, _memory() - before
    with path.open(encoding="utf-8", newline="") as file:
        posts = [row["text"] for row in csv.DictReader(file) if row["inbound"] == "True"]
    named = Counter(h for text in posts for h in {h.lower() for h in _HANDLE.findall(text) if not h.isdigit()})
    frequent = [h for h, _ in named.most_common() if h in COMPANY_OF_HANDLE][:40]
    right = total = exact = 0
    missed: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    for text in posts:
        truth = {COMPANY_OF_HANDLE[h] for h in map(str.lower, _HANDLE.findall(text)) if h in frequent}
        if not truth:
            continue
        linked = {one.entity.name for one in linker.link(text)}
        total += 1
        right += truth <= linked
        exact += truth == linked
        missed.update(truth - linked)
        extra.update(linked - truth)
    return {
        "entities": len(catalogue),
        "start_seconds": round(start, 2),
        "memory_mb": round(memory),
        "microseconds_a_post": _timed(linker.link, posts)["microseconds_a_post"],
        "posts": total,
        "linked_to_the_right_company": round(right / total, 4),
        "and_to_no_other": round(exact / total, 4),
        "missed": missed.most_common(20),
        "others": extra.most_common(40),
    }


def speed(args: argparse.Namespace) -> dict[str, object]:
    """Microseconds a post and memory with a large made-up catalogue, and the peers on the same texts."""
    rng = random.Random(7)
    entities = {}
    for number in range(args.entities):
        names = [_name(rng) for _ in range(args.aliases)]
        handle = names[0].replace(" ", "")
        entities[f"e{number}"] = Entity(
            id=f"e{number}", name=names[0], aliases=tuple(names[1:]), handles={"twitter": (handle,)},
            industry=("retail",),
        )  # fmt: skip
    catalogue = Catalogue(entities=entities)
    posts = [_post(rng, list(entities.values())) for _ in range(args.posts)]
    before = _memory()
    started = time.process_time()
    linker = Linker(catalogue)
    start = time.process_time() - started
    after = _memory()
    figures: dict[str, object] = {
        "entities": len(entities),
        "names": sum(1 + len(e.aliases) for e in entities.values()),
        "characters_a_post": round(sum(map(len, posts)) / len(posts)),
        "start_seconds": round(start, 2),
        "memory_mb": round(after - before),
        "groundswell": _timed(lambda text: linker.link(text), posts),
    }
    figures["peers"] = {"flashtext": _flashtext(entities, posts), "spacy PhraseMatcher": _spacy(entities, posts)}
    return figures


def _flashtext(entities: dict[str, Entity], posts: list[str]) -> dict[str, object]:
    """The same names and texts with flashtext, which finds and decides nothing."""
    try:
        flashtext = importlib.import_module("flashtext")
    except ImportError:
        return {"left out": "not installed: pip install flashtext"}
    before, started = _memory(), time.process_time()
    keywords = flashtext.KeywordProcessor()
    for entity in entities.values():
        for name in (entity.name, *entity.aliases):
            keywords.add_keyword(name, entity.id)
    start, memory = time.process_time() - started, _memory() - before
    timed = _timed(lambda text: keywords.extract_keywords(text, span_info=True), posts)
    return {"start_seconds": round(start, 2), "memory_mb": round(memory), **timed}


def _spacy(entities: dict[str, Entity], posts: list[str]) -> dict[str, object]:
    """The same with spaCy's PhraseMatcher over its blank English pipeline (tokens only)."""
    try:
        spacy = importlib.import_module("spacy")
        matching = importlib.import_module("spacy.matcher")
    except ImportError:
        return {"left out": "not installed: pip install spacy"}
    before, started = _memory(), time.process_time()
    language = spacy.blank("en")
    matcher = matching.PhraseMatcher(language.vocab, attr="LOWER")
    for entity in entities.values():
        matcher.add(entity.id, [language.make_doc(name) for name in (entity.name, *entity.aliases)])
    start, memory = time.process_time() - started, _memory() - before
    timed = _timed(lambda text: matcher(language.make_doc(text)), posts)
    return {"start_seconds": round(start, 2), "memory_mb": round(memory), **timed}


def _timed(work: Callable[[str], list[Any]], posts: list[str]) -> dict[str, float]:
    """CPU time; each thousand posts at the best of five rounds, since other work beside slows some of them down."""
    parts = [posts[at : at + 1000] for at in range(0, len(posts), 1000)]
    best, found = [float("inf")] * len(parts), 0
    for _ in range(5):
        found = 0
        for number, part in enumerate(parts):
            started = time.process_time()
            found += sum(len(work(text)) for text in part)
            best[number] = min(best[number], time.process_time() - started)
    return {"microseconds_a_post": round(sum(best) / len(posts) * 1e6, 1), "found_a_post": round(found / len(posts), 2)}


def _name(rng: random.Random) -> str:
    words = ["".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 4))) for _ in range(rng.choice((1, 1, 2)))]
    return " ".join(word.capitalize() for word in words)


def _post(rng: random.Random, entities: list[Entity]) -> str:
    words = [rng.choice(_TALK) for _ in range(rng.randint(8, 30))]
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        entity = rng.choice(entities)
        name = rng.choice((entity.name, *entity.aliases))
        sign = rng.choice(("", "", "", "@", "#"))
        words[rng.randrange(len(words))] = sign + (name.replace(" ", "") if sign else name)
    if rng.random() < 0.2:
        words.append("https://t.co/" + _name(rng).replace(" ", ""))
    if rng.random() < 0.3:
        words.append(rng.choice("😡😂🙏🔥"))
    return " ".join(words)


def _memory() -> float:
    """Resident memory in MiB, now; the peak where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
