"""Metrics of series."""
