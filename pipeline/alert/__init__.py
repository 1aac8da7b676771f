"""Tells people and services about incidents.

``stage.py`` turns incident events into notices, ``addressees.py`` decides who is told of what, ``courier.py`` carries
the notices to one notifier and bears with its failures, and each notifier has a file of its own.
"""
