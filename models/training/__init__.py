"""Training of the network: configuration, data, loss, runs.

Needs the `train` extra.
"""
