"""Finding neighbours: NMSLIB for speed, exact search as its judge."""
