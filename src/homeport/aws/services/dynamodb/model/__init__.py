"""What DynamoDB's words mean: values, keys, expressions, schemas, sizes; without clock, chance or disk."""
