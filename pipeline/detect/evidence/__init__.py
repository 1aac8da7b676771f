"""Evidence that complaints rise: baselines, sequential tests, and their thresholds."""
