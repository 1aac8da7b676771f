"""The file driver: the same stages over a file, without a broker."""
