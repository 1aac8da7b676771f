"""Behavioural checks in the manner of CheckList (Ribeiro et al., 2020): texts of our own, by what a model must be able
to do.  The texts are in ``cases/``, one file a capability."""
