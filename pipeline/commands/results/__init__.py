"""What was found: search, incidents, and the promise kept or broken."""
