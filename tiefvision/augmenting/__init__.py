"""Altered views of photographs: light, colour, perspective, scenes."""
