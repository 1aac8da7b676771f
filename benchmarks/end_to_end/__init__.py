"""How fast the whole pipeline is: by stage, end to end, and beside what an afternoon of work gives."""
