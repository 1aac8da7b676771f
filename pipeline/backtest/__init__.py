"""Analyze and detect over history: what would have paged, when, on what evidence."""
