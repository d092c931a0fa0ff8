"""Describing many photographs: partitions, shards, and the processes that make them."""
