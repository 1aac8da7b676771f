"""The signature on a webhook: HMAC-SHA256 over the time and the body.

To verify one, in any language:

1. Take the header ``Groundswell-Signature``: ``t=<seconds since 1970>,v1=<64 hex digits>``.
2. Refuse it when ``t`` is more than 300 seconds away from your clock: it may be a recording.
3. Compute HMAC-SHA256, with the shared secret as key, over the bytes of ``t`` as written, a full stop, and the body as
   received, before any parsing.
4. Compare with ``v1`` in constant time.  Pass over other parts of the header: there may be a ``v2`` one day.
"""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Groundswell-Signature"
TOLERANCE = 300.0
"""Seconds that sender's and receiver's clocks may differ."""


def sign(secret: bytes, body: bytes, now: float) -> str:
    """The header's value for a body sent at `now`, in seconds since 1970."""
    moment = str(int(now))
    return f"t={moment},v1={_digest(secret, moment, body)}"


def verify(secret: bytes, header: str, body: bytes, now: float, tolerance: float = TOLERANCE) -> bool:
    """Whether the body is ours, unchanged and fresh; takes the same time wherever a wrong signature differs."""
    parts = dict(part.strip().partition("=")[::2] for part in header[:1_000].split(","))
    moment, given = parts.get("t", ""), parts.get("v1", "")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 15 and given.isascii()):
        return False
    fresh = abs(now - int(moment)) <= tolerance
    return hmac.compare_digest(_digest(secret, moment, body), given) and fresh


def _digest(secret: bytes, moment: str, body: bytes) -> str:
    return hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
