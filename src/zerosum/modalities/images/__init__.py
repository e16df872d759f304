"""Images: grids of pixels, and images made from other images."""
