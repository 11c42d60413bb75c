"""Capacitated clustering: points divided into parts within limits, as published instances."""
