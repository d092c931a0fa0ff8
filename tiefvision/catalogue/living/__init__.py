"""A catalogue that changes while it is searched: rows, vectors, segments, merging."""
