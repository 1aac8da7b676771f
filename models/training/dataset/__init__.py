"""Labelled texts for training: read, augmented, laid in batches."""
