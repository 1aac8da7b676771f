"""Benchmarks of the model: speed beside a RoBERTa-base pipeline, paraphrases found."""
