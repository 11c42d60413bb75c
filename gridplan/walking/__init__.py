"""Walking: the network of streets and paths, how doors reach it, and how far it is."""
