"""Measures of tables: one file for each family."""
