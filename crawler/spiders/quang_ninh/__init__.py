"""Sites of Quảng Ninh."""
