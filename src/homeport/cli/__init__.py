"""The command line: it asks, prints and exits; what it does is done below it."""
