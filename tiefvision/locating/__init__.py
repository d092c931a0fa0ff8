"""Finding garments: a classifier and four regressors judge the windows of a map.

The windows vote, category by category, and ``findings`` tells what comes of it.
"""
