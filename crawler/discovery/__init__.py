"""Finding article URLs in feeds, sitemaps, listings and APIs: pure functions of a response's bytes."""
