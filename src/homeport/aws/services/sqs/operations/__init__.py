"""What SQS does, operation by operation."""
