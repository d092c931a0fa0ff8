"""Finding garments: windows of a map judged by a classifier and four regressors."""
