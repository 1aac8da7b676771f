"""Real histories: public data with real times, replayed, and every page read by a person."""
