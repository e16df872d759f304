"""Attacks: one file for each family."""
