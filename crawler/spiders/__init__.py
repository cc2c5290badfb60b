"""One short declaration a site, in a folder a province."""
