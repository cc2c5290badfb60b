"""Sites of Hà Nam."""
