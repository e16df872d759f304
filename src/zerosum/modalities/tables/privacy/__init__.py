"""Privacy of tables: attacks, the audit, and codes from noisy histograms."""
