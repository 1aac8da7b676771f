"""Threads: what an answer inherits from the posts before it, and answers that come before those."""
