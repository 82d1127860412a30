"""The objects of a deployment, as templates over the values; one module per file that `render` writes."""
