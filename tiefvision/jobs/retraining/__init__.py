"""Training again on labels: plans, what they merge, and putting a model in use."""
