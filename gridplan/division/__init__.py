"""Division: atoms with weights and neighbours cut into balanced, contiguous, walkable parts."""
