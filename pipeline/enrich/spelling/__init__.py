"""Spelling of names: their forms, hashtags split into words, letters put as signs."""
