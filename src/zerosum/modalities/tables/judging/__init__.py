"""What judging tables needs beside its measures: distances, sketches, parts of reports."""
