"""The porter: what may leave the house, and the check that nothing else does."""
