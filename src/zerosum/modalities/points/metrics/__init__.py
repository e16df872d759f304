"""Measures of points: one file for each."""
