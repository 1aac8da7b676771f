"""Readers of posts: the networks that answer, on the CPU or a GPU, behind one protocol."""
