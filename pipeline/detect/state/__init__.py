"""What the detector remembers of an entity, and the bytes of it."""
