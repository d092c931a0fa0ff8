"""Rankers that compare colours."""
