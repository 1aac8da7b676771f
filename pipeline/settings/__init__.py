"""Settings: a file, then the environment, then flags; one section a room."""
