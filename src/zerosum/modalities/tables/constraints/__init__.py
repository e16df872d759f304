"""Constraints: what holds in every row, or over rows."""
