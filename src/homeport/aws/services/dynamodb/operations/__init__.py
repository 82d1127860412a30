"""DynamoDB's operations, each under AWS's own name in snake case."""
