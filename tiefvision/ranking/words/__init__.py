"""Rankers that compare visual words."""
