"""Texts: short strings, and the columns of a table that they go with."""
