"""The networks of the literature: as data, counted, built, and as rankers."""
