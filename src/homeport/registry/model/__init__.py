"""What names, digests, manifests, ranges and access rules mean; pure, no clock, disk or network."""
