"""Everything that a plan is good for, one step after another, each only where it has to run."""
