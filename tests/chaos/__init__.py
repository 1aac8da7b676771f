"""Faults in the real servers, workers and networks of one installation, and the ledger that has to balance after them.

`python -m tests.chaos --help`; what was found is in docs/chaos.md.
"""
