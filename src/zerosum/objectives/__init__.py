"""What players minimise: adversarial losses, penalties, and augmentations of what is seen."""
