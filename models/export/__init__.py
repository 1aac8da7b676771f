"""From a finished training run to the shipped artefact: 8-bit graph, calibration, figures, manifest."""
