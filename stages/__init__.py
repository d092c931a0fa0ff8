"""The pipeline: one file a stage, run by ``python -m stages`` or ``make stage-N``."""
