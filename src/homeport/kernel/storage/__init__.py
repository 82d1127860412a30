"""Everything that outlives the process: databases, files, and the directory they lie in."""
