"""What KMS's keys do with bytes."""
