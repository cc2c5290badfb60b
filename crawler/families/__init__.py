"""The content management systems that provincial sites run on, one module a system."""
