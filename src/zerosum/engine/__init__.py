"""The engine: it plays moves and never knows methods."""
