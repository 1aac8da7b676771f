"""Files of posts: lines, tables, known layouts, sorting by time, and what cannot be read."""
