"""Commands for operators: doctor, topics, index, dead letters."""
