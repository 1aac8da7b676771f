"""Backtests: analyze and detect over history, and report what would have paged."""
