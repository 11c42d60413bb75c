"""Where sites come from: files, folders of them, and OpenStreetMap."""
