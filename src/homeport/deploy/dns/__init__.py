"""Names for the cluster: what a resolver has to know, and the ways to tell it."""
