"""What every table of gridplan holds: columns, codes, shapes on disk, and the figures over them."""
