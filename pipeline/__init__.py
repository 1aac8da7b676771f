"""Groundswell: notices a snowball of public complaints about a company while it is small."""
