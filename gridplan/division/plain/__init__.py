"""The plain capacitated problem, points divided into parts within limits, as published instances pose it."""
