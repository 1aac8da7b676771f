"""Settings: a file, then the environment, then flags; one module a section."""
