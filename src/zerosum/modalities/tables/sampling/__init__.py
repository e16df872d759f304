"""Sampling rows under conditions, and completing rows of which some cells are known."""
