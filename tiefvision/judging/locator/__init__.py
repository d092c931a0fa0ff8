"""Evaluation of a locator: its figures, its page and trials on harder photographs."""
