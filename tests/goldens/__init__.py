"""What a careful person reads on every article page of the sample web: one JSON file a page."""
