"""Notifies people and services of incidents: who, in what order, and by which way.

``stage.py`` turns incident events into notices, ``routing.py`` decides who receives what, ``delivery.py`` delivers the
notices to one notifier and retries, and each notifier has a file of its own.
"""
