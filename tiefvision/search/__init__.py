"""From a photograph to neighbours: locate, crop, embed, search."""
