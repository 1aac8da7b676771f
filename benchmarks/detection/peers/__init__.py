"""Rules that others publish or ship, each in a file of its own, on the same streams as the detector.

A peer turns a stream into scores over time; an alarm is a score over a threshold.  The threshold of each is set on
calibration seeds to the same false-alarm rate, whatever its authors recommend, so that only the rules differ.
"""
