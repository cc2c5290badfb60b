"""When crawls run, and whether they went well."""
