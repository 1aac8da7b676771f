"""What the pipeline knows: the catalogue and the model."""
