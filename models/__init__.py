"""The sentiment model: training, evaluation, export, runtimes, and the shipped artefact."""
