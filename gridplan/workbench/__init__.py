"""The studio: planners redraw a plan in a browser, with every accepted change kept on disk."""
