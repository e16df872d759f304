"""Judging: holdouts, figures between floor and ceiling, verdicts."""
