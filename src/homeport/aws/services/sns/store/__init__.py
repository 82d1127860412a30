"""Topics, subscriptions and what they remember, in SQL: the only place of this room that knows a table."""
