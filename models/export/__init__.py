"""Export: from a finished training run to an artefact, quantised and calibrated."""
