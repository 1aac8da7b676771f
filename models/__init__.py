"""The encoder: data readers, training, evaluation, export, runtimes, and the shipped artefact with its card."""
