"""Bounded counters, and ids of incidents in little room."""

from __future__ import annotations

from hashlib import sha256

from pipeline.detect.state.quotable_posts import clip


def bump(counts: dict[str, int], key: str, most: int) -> None:
    """Count a key among at most `most`; a newcomer takes the place of a key counted once (lossy counting)."""
    if key in counts:
        counts[key] += 1
        return
    if len(counts) >= most:
        for other, count in counts.items():
            if count == 1:
                del counts[other]
                break
        else:
            return
    counts[key] = 1


def incident_id(entity: str, kind: str, mark: str) -> str:
    """`{entity}:{kind}:{mark}`; what is too long for an id is cut and ends with its hash."""
    whole = f"{entity}:{kind}:{mark}"
    if len(whole.encode("utf-8", "replace")) <= 240:
        return whole
    return f"{clip(entity, 100)}:{kind}:{clip(mark, 100)}~{sha256(whole.encode('utf-8', 'replace')).hexdigest()[:16]}"
