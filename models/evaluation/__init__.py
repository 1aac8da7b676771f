"""Evaluation of a model: figures, baselines on the same rows, behavioural checks."""
