"""Short clips of one length and size: read, drawn, written, judged."""
