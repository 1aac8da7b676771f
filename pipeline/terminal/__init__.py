"""Console, bars and progress of long work, for a person at a terminal."""
