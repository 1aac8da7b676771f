"""The words of the domain: messages, topics, and what identifies a post, a text, a record."""
