"""Readers of series."""
