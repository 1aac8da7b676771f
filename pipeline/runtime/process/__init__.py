"""The processes of an installation: the stack in one machine, and its supervisor."""
