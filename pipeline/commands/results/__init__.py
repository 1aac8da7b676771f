"""Commands on results: search, incidents, and whether the promise was met."""
