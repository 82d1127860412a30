"""The rules of SNS, without clock, disk or network."""
