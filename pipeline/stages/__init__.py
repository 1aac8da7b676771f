"""The protocol of a stage, its records and its state; no infrastructure."""
