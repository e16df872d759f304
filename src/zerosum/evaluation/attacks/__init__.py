"""Attacks on synthetic rows; each file registers its own."""
