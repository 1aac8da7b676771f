"""Everything that runs Groundswell somewhere: not part of the package, importable from the repository root."""
