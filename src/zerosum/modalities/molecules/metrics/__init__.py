"""What molecules are worth."""
