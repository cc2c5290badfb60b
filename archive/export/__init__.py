"""The way out: one module a format. What they share is in `selection` and `staging`."""
