"""Sites of Bình Phước."""
