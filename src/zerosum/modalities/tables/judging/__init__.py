"""What judging tables needs in addition to metrics: distances, sketches, parts of reports."""
