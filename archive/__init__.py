"""What is kept: tables, captures, texts and their sources. Knows nothing of Scrapy, sites or schedules."""
