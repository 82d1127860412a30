"""Objects with values in them, written once: evaluated for `render`, and told as Go templates for the Helm chart."""
