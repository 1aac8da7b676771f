"""Text of posts: clean-up, language, and whether the model was trained for it."""
