"""Commands about what the pipeline knows: the catalogue, the linker, the model."""
