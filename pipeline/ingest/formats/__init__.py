"""Readers of posts in files: JSON lines, tables, the layouts of known data sets."""
