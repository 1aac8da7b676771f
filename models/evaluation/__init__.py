"""How good a model is: metrics, baselines on the same rows, behaviour."""
