"""Nearest neighbours: approximate search by NMSLIB, and exact search to measure it."""
