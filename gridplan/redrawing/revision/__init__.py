"""What every way of changing a plan shares: matching, changes, renewal, locks and history."""
