"""Query language: what people type, as a syntax tree that every index translates for itself."""
