"""The verdicts that a person can give on an incident."""

from __future__ import annotations

from typing import Literal, get_args

Verdict = Literal["real", "false", "known", "too late"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def parse_verdict(text: str) -> Verdict:
    """One of `VERDICTS`, also written with a dash or an underscore.  Raises `ValueError`.

    >>> parse_verdict("Too-late")
    'too late'
    """
    plain = text.strip().lower().replace("-", " ").replace("_", " ")
    for verdict in VERDICTS:
        if plain == verdict:
            return verdict
    raise ValueError(f"{text!r} is not one of: {', '.join(VERDICTS)}")
