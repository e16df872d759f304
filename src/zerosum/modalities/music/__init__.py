"""Music: songs on a grid of steps, read from and written to MIDI."""
