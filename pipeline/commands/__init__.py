"""Commands of `groundswell`: one file each, wired together in `main.py`."""
