"""The protocol of a stage, its state and its records; no infrastructure."""
