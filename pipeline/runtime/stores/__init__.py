"""Where the state of a stage lives between batches."""
