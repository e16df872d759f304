"""Pages: parse what a browser sends, call an act, render."""
