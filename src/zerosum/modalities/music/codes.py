"""What a voice does at a step, as a number."""

REST, HOLD, FIRST, NOTHING = 0, 1, 2, 255
"""Nothing, hold its note, begin note `code - FIRST`; after the end of a song there is `NOTHING`."""

CODES = FIRST + 128
"""Numbers of what a voice does: those, and a note for each pitch or set of drums."""
