"""What SNS does, operation by operation."""
