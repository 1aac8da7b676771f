"""Threads: replies inherit entities from the posts they answer, also from late parents."""
