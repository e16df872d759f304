"""What a model made carries its origin: identities, signatures, inspection, bundles, delivery."""
