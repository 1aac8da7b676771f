"""Behavioural checks in the manner of CheckList (Ribeiro et al., 2020).

Texts of our own, by what a model must be able to do; they are in ``cases/``, one file a capability.
"""
