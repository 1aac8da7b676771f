"""The life of an incident, and what it reports."""
