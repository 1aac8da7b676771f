"""Hard posts of our own: those that tools like this get wrong and are sure of."""
