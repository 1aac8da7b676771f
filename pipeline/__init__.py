"""Groundswell: hears a snowball of public complaints about a company while it is still small."""
