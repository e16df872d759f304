"""Measures of clips."""
