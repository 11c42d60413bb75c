"""Walking: the network of streets and paths, how doors and posts reach it, and how far it is from one to another."""
