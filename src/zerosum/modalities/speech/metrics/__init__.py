"""Measures of waves that were made again."""
