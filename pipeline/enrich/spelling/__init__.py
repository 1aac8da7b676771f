"""How names are spelt: ordinary words, hashtags split into words, letters that signs stand for."""
