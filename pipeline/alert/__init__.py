"""Notifies people and services of incidents: who, in what order, and by which way.

``stage.py`` turns incident events into notices, ``routing.py`` decides who receives what, ``pending.py`` holds what is
still to be sent as part of the state, ``delivery.py`` delivers it to one notifier and retries, and each notifier has a
file of its own.
"""
