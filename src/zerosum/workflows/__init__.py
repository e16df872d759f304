"""Use cases: train, resume, load. All wiring between the floors lives here."""
