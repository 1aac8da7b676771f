"""Log-odds from capitals and adjacent words, whichever entity the name may mean.

They are terms of the sum in `log_odds.py`.

All weights are in nats, set by hand.
"""

from __future__ import annotations

from pipeline.enrich.catalogue.industries import SERVICE_WORDS
from pipeline.enrich.linking.context import Occurrence
from pipeline.enrich.spelling.names import Kind
from pipeline.text.common_words import ordinary

SUBJECT = 1.0
"""A bare noun that does something: `sprint keeps charging`, where an ordinary noun would have an article."""
SUBJECT_PERHAPS = 0.5
"""The same where the next word only looks like a verb."""
OBJECT = 1.0
"""A bare noun that something is done to as to companies: `left sprint`, `calling discover`."""
REPORTED = 1.6
"""`Virgin buys rest of Tiger`: a verb of headlines that hardly anybody but companies is the subject of."""
DOWN = 1.2
"""`is zoom down`, `slack is down`."""
HAS = 1.0
"""`shell boss`, `boots outlet`: what companies have stands right after the name."""
CAPITAL = 1.3
CAPITAL_OF_NAME = 0.4
CAPITAL_AT_START = 0.2
LOWER_AMONG_CAPITALS = -0.8
LOWER_RARE = -0.3
ALL_CAPITALS_SHORT = 1.5
PREPOSITION = 0.8
LOCATIVE = 1.4
"""For `at`, `from` and `via`."""
POSSESSIVE = 0.5
OF_PERSON = -1.5
"""`Zara's brother`: what people have."""
DETERMINER = -1.6
OWNER = -0.3
MOTION = 1.6
DETERMINER_CAPITAL = -0.3
INFINITIVE = -1.2
SIGNATURE = -2.5
WITHIN = -1.0
"""`in Zurich`: for a name that may be a place's."""
PART_OF_NAME = -1.2
END_OF_NAME = -1.0
FULL_NAME = -1.2
"""Besides, where the word beside it is a person's or a place's name: `Marcus Bentley`, `Zara Phillips`."""

_DETERMINERS = frozenset(["a", "an", "the", "this", "that", "these", "those", "every", "each", "no", "any", "some"])
_OWNERS = frozenset(["your", "our", "my", "his", "her", "their", "its"])
_MOTION_TEXT = (
    "go going goes went gone run ran running trip drive drove head headed heading off switch switched switching "
    "moved moving changed thanks thank shame kudos props back"
)
_MOTION = frozenset(_MOTION_TEXT.split())
_PREPOSITIONS = frozenset(["at", "from", "via", "@", "with", "using", "by", "off"])
_PLACES = frozenset(["at", "from", "via", "@", "off"])
_DONE_TO_TEXT = (
    "left leave leaves leaving called calling cancelled canceled cancel cancelling canceling ditched ditching dumped "
    "dumping ditches dumps boycotts joins quits sues "
    "dropped quit quitting boycott boycotting boycotted hate buying flying flew fly eating ate try tried trying using "
    "uses used hacked suing sued sue thank thanks thx blame blames blamed told tell tells deleted deleting joined "
    "joining own owns rebranded acquired acquires acquire contacted emailed messaged rang ringing drinking drank dear "
    "hey fuck screw delete"
)
_NUMBERS = frozenset(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"))
"""Words after which an `s` makes a plural, not a verb."""
_DONE_TO = frozenset(_DONE_TO_TEXT.split())


_DOES_TEXT = (
    "is was has had says said charged charges wants wanted gave gives put puts made makes sent sends lost loses "
    "cancelled canceled froze declined won't wont can't cant don't dont doesn't doesnt didn't didnt hasn't isn't isnt "
    "keeps kept just really still should needs took takes raised raises banned closed closing closes refuses refused "
    "blocked locked fired fined disabled stole ruined broke sold delivered owes thinks got went will would used have "
    "are did does do never ne me told killed dropped doubled cut changed decided claims blames"
)
_REPORTED_TEXT = "buys sells acquires removes unveils launches recalls apologises apologizes hires sacks renews"
_REPORTED = frozenset(_REPORTED_TEXT.split())
_PLANNED = frozenset(["cut", "close", "shut", "axe", "launch", "buy", "sell", "merge", "acquire", "recall", "scrap"])
"""After `to`, in headlines: `Orange to cut 2,000 jobs`."""
_HAD_TEXT = (
    "boss bosses ceo chief chiefs exec execs executive executives spokesman spokeswoman spokesperson chairman workers "
    "staff employees customers shareholders shares stock store stores outlet outlets branch branches"
)
_KIN_TEXT = (
    "mum mom mother dad father sister brother husband wife boyfriend girlfriend son daughter cousin aunt uncle wedding "
    "birthday funeral baby hair eyes face body boobs bum grandma grandad nan niece nephew ex"
)
_KIN = frozenset(_KIN_TEXT.split())
_HAD = frozenset(_HAD_TEXT.split())
_DOES = frozenset(_DOES_TEXT.split())
_OPENS_TEXT = (
    "and but so because cause cuz cos that when if why who does did do is was how then lol ok well omg ugh thinks says "
    "said honestly guess anyone hope wish until since while although though yet or vs than think where"
)
_OPENS = frozenset(_OPENS_TEXT.split())
"""Words after which a sentence's subject may stand."""

_NAME, _PHRASE, _RARE = Kind.NAME, Kind.PHRASE, Kind.RARE
_OF_PLACES = frozenset((_NAME, _RARE))
_OF_PERSONS = frozenset((_NAME, _RARE, Kind.SHORT))
"""Members at hand: looking one up costs as much as a comparison of words."""


def shape(kind: Kind, occurrence: Occurrence) -> float:
    """What capitals and the words beside a name say, whichever entity it may mean."""
    around, surface, capital = occurrence.around, occurrence.surface, occurrence.capital
    total = _letters(kind, occurrence)
    previous = occurrence.previous
    if previous in _DETERMINERS:
        total += DETERMINER_CAPITAL if capital and around.has_case and not occurrence.at_start else DETERMINER
    elif previous in _OWNERS:
        total += OWNER
    elif previous in _PREPOSITIONS:
        total += LOCATIVE if previous in _PLACES else PREPOSITION
    elif previous in _DONE_TO:
        total += OBJECT
    elif previous == "to" and len(occurrence.before) > 1 and occurrence.before[-2] in _MOTION:
        total += MOTION
    elif previous == "to" and not capital:
        total += INFINITIVE
    elif previous == "in" and kind in _OF_PLACES:
        total += WITHIN
    if occurrence.possessive:
        total += POSSESSIVE if _KIN.isdisjoint(occurrence.after[:3]) else OF_PERSON
    following = occurrence.following
    does = REPORTED if following in _REPORTED else SUBJECT if following in _DOES else 0.0
    if following == "to" and capital and not _PLANNED.isdisjoint(occurrence.after[1:2]):
        does = SUBJECT
    if not does and len(following) > 4 and following.endswith(("ed", "s")) and surface.lower() not in _NUMBERS:
        does = SUBJECT_PERHAPS
    if does and (not previous or previous in _OPENS or occurrence.at_start):
        total += does
    if following in _HAD:
        total += HAS
    if following == "down" or (following == "is" and occurrence.after[1:2] == ["down"]):
        total += DOWN
    if kind in _OF_PERSONS and occurrence.is_signature:
        total += SIGNATURE
    if kind is not _PHRASE and capital and around.has_case:
        total += _within_name(occurrence)
    return total


def _within_name(occurrence: Occurrence) -> float:
    """What capitals beside a capital say: the name may be a part of a longer one."""
    follows, precedes = occurrence.title_follows, occurrence.title_precedes
    total = END_OF_NAME if precedes else 0.0
    if follows and follows not in SERVICE_WORDS and " " not in occurrence.surface:
        total += PART_OF_NAME
    else:
        follows = ""
    names = ordinary().names
    return total + (FULL_NAME if (precedes and precedes in names) or (follows and follows in names) else 0.0)


def _letters(kind: Kind, occurrence: Occurrence) -> float:
    """What capitals say."""
    around, surface = occurrence.around, occurrence.surface
    if around.shouting:
        return 0.0
    if len(surface) <= 4 and surface.isupper():
        return ALL_CAPITALS_SHORT
    if not around.has_case:
        return 0.0
    if " " in surface and surface.title() == surface:
        return CAPITAL
    if not occurrence.capital:
        return LOWER_RARE if kind is _RARE else LOWER_AMONG_CAPITALS
    if occurrence.at_start:
        return CAPITAL_AT_START
    return CAPITAL_OF_NAME if kind is _NAME else CAPITAL
