"""Series of a fixed length: several channels of real numbers over time, and labels if any."""
