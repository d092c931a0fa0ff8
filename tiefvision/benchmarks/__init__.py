"""How fast the machine is, how near to that the pipeline comes, and what it beats."""
