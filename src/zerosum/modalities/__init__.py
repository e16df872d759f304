"""Modalities: one folder for each kind of data, which registers itself; see `zerosum.modality`."""
