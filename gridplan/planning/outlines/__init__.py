"""Land outlines of sub-grids, and the exclusive and special grids beside and over them."""
