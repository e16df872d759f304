"""Sounds of one length: read, drawn, written, judged."""
