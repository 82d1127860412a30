"""Who calls: access keys, signatures, and what they prove."""
