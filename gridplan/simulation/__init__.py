"""Simulation of a plan: requests, surges and the years to come."""
