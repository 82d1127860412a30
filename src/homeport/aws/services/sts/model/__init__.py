"""What STS decides without a store."""
