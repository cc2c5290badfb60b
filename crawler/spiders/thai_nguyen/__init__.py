"""Sites of Thái Nguyên."""
