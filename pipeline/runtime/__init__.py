"""Drivers of the stages: workers, files, processes; the only room that knows Faust."""
