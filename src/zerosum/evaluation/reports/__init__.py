"""Reports: results as a page."""
