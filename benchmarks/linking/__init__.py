"""Benchmarks of entity linking: speed beside peers, quality on posts of our own and on public sets."""
