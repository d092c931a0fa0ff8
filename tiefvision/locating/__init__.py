"""Locating garments: a classifier and four box regressors run over the windows of maps.

``votes`` combines the predictions of all windows into boxes, and ``findings`` selects
the boxes that are reported. "Map" is short for feature map throughout.
"""
