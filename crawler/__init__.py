"""How pages are found, fetched and read. Hands articles to the archive."""
