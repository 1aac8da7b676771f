"""HTTP as agents need it: every size, time and address bounded, rests obeyed."""
