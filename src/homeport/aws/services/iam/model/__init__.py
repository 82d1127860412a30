"""What IAM's words mean, without a store."""
