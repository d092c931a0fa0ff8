"""``tiefvision``: locate, index, search, compare, and what goes with them."""
