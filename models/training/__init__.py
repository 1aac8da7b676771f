"""Training: data, batches, the network, the run.  Needs the `train` extra."""
