"""Scripts that fit and write the numbers that ship."""
