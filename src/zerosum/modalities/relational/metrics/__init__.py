"""Metrics of databases: trees, pairs and counts at one hop and at two."""
