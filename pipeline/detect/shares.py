"""When the mentions of an incident came: the shares of them that are recent."""

from __future__ import annotations

from pipeline.detect.forecast import PARTS


def shares(counts: list[int], width: float, start: float, began: float, now: float) -> tuple[float, ...]:
    """Which share of what came since `began` came in each of the last `PARTS` of the time until `now`.

    `counts`: mentions in spans of `width` seconds from `start` on; within a span they are taken to be spread evenly.
    """
    whole = _since(counts, width, start, now, began)
    if whole <= 0.0 or now <= began:
        return (1.0,) * len(PARTS)
    return tuple([min(1.0, _since(counts, width, start, now, now - part * (now - began)) / whole) for part in PARTS])


def _since(counts: list[int], width: float, start: float, now: float, t: float) -> float:
    """Mentions since `t`."""
    place = max(0, int((t - start) // width))
    if place >= len(counts):
        return 0.0
    begin = start + place * width
    end = min(begin + width, max(now, begin + 1.0))
    total = counts[place] * min(1.0, max(0.0, (end - max(t, begin)) / (end - begin)))
    for later in range(place + 1, len(counts)):
        total += counts[later]
    return total
