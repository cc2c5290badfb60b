"""The commands of `baotinh`, one module a subject; baotinh.py assembles them."""
