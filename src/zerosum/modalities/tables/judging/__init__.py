"""What judging tables needs beside its metrics: distances, sketches, parts of reports."""
