"""What the complaints of an incident are about."""
