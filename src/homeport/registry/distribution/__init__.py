"""registry:2's own configuration: config.yml and REGISTRY_* variables, turned into Homeport's settings."""
