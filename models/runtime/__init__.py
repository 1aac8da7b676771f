"""Runtimes of the model, on CPU or GPU, behind one protocol (`models.scorer.Scorer`)."""
