"""What S3 does: one function an operation."""
