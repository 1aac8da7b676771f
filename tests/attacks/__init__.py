"""Attacks on the verdict: what was paged without one is paged with it, and none makes a page of its own.

Each is metamorphic: the same stream with and without the attack.  The bounds that hold are in `docs/attacks.md`.
"""
