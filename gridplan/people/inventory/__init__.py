"""What should be there and what is: one matrix of requirements by body and level."""
