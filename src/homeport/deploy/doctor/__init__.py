"""Looking whether a deployment works, and what cures it where it does not."""
