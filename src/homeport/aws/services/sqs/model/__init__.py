"""The rules of SQS, without clock, disk or network."""
