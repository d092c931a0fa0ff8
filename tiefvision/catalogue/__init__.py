"""From photographs to rows that can be searched, and the search."""
