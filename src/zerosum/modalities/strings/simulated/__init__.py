"""Simulated rows with texts, and what in a text contradicts its row."""
