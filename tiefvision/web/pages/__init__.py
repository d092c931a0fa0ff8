"""The pages: a router for each; answers are HTML."""
