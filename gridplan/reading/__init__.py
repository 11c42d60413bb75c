"""Where sites come from: files, OpenStreetMap, and the synthetic town."""
