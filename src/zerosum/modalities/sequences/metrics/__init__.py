"""Metrics that suit sequences."""
