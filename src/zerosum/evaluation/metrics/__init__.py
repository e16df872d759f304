"""One file for each kind of metric; the judge finds them by themselves."""
