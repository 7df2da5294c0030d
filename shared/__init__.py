"""The product without its edges: features, and the floors they stand on."""
