"""Samples as training data for classifiers: what is kept of them, and what they are worth."""
