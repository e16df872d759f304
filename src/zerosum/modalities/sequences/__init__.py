"""Sequences of rows: for each entity, any number of rows in the order of time."""
