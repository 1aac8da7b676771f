"""Training data: labelled texts, read, augmented, split and batched."""
