"""PartiQL, as far as DynamoDB speaks it: statements read into the same conditions and updates that expressions have."""
