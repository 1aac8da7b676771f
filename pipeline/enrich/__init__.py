"""The enrich stage: whom a post is about, and what it feels about them."""
