"""What taking posts in costs, with its guarantees and without."""
