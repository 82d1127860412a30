"""What can be chosen about a deployment: the table of values, and how they are read."""

from homeport.deploy.values.load import ValuesError, load_values
from homeport.deploy.values.table import Values

__all__ = ["Values", "ValuesError", "load_values"]
