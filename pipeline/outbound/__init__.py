"""Requests that go out to addresses which others choose, without reaching inside."""
