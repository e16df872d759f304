"""Trained models: sampling, walking, saving, exporting."""
