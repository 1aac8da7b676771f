"""The processes of an installation: the stack on one machine, and its supervisor."""
