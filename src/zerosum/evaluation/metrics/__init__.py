"""Metrics, one file each; the catalogue finds them."""
