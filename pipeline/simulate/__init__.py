"""Labelled synthetic streams: for trying the product out, for measuring the detector, for load tests."""
