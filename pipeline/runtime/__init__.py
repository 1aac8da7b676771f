"""Everything that drives stages; the only room that knows Faust."""
