"""Out-of-domain texts: why the model was not trained for one (language, code, length …).

The model learned from short posts that people write to each other.  On anything else its probabilities mean little,
however high they are; the rules here are few, cheap and on the safe side of calling talk something else.
"""

from __future__ import annotations

import re

from pipeline.contracts.values import Untrained
from pipeline.text.clean import HASHTAG, LINK, MENTION, without_markup
from pipeline.text.language import trained

LONG = 2_000
"""Characters from which on a text is an article: of it, the model reads less than a third."""
MAX_CHARACTERS = 4_000
"""How much of a text is looked at."""
FEW_TAGS = 2
"""So many hashtags are no list of them."""
LEAST_SIGNS, SIGNS_SHARE = 8, 0.06
"""A text is code from so many signs of code on, and so large a share of its characters."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_SIGNS = "{}[]=;<>\\|`"
_SINGLE_LETTER_SCRIPTS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts in which one letter can be a word."""


def untrained(lang: str | None, text: str) -> Untrained | None:
    """Why the model was not trained for a text in the language `lang` (None when it cannot be told).

    Guarantee: any text is accepted; the time taken does not grow beyond `MAX_CHARACTERS`.

    >>> untrained("en", "12 34 !!")
    'no_words'
    >>> untrained("es", "el paquete no llega")
    'language'
    >>> untrained("en", "The parcel never came") is None
    True
    """
    plain = without_markup(text[:MAX_CHARACTERS])
    if "://" in plain or "www." in plain:
        plain = LINK.sub(" ", plain)
    if "@" in plain:
        plain = MENTION.sub(" ", plain)
    tags = 0
    if "#" in plain:
        plain, tags = HASHTAG.subn(" ", plain)
    if tags > FEW_TAGS and 2 * len(_WORD.findall(plain)) < tags:
        return "hashtags"
    if tags == 0 and not _WORD.search(plain) and not _SINGLE_LETTER_SCRIPTS.search(plain):
        return "no_words"
    if _is_code(plain):
        return "code"
    if not trained(lang, plain):
        return "language"
    return "long" if len(plain) > LONG else None


def _is_code(text: str) -> bool:
    signs = sum(map(text.count, _SIGNS))
    return signs >= LEAST_SIGNS and signs >= SIGNS_SHARE * len(text)
