"""Numbers in spans of time that lie side by side: what `course.py` does with them often, apart so as to be compiled."""

from __future__ import annotations


def spread(counts: list[int], start: int, width: int, since: int, until: int, a_second: float) -> None:
    """Add `a_second` for every second from `since` until `until`, rounded by span, to spans of `width` seconds that
    begin at `start`."""
    for place in range(max(0, (since - start) // width), min((until - start) // width + 1, len(counts))):
        begin = start + place * width
        overlap = min(until, begin + width) - max(since, begin)
        if overlap > 0:
            counts[place] += round(a_second * overlap)


def halved(counts: list[int]) -> list[int]:
    """Half as many spans, each twice as long."""
    return [sum(counts[place : place + 2]) for place in range(0, len(counts), 2)]


def parts(counts: list[int], whole: float) -> tuple[float, ...]:
    """The same in units of `whole`."""
    return tuple([count / whole for count in counts])
