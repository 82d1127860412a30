"""DynamoDB's expression languages: condition, filter, key condition, update and projection."""
