"""Stack Exchange: questions, answers and comments of chosen sites and tags."""
