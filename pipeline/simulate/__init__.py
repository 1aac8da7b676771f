"""Labelled synthetic streams, for demonstrations, measurements and load tests."""
