"""Runs: folders that hold a training whole, and can be moved, zipped and resumed elsewhere."""
