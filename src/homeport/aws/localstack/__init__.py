"""LocalStack's own surface, so that what was made for it works here: endpoints, hooks, variables."""
