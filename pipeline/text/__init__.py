"""Text of posts: cleaned, its language, and whether the model was trained for it."""
