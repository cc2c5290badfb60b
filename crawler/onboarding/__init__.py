"""Adding a site: look at it, propose its spider, write it, check it."""
