"""Run stages: ``python -m stages encode``, or by number, ``python -m stages 2``."""

import sys

from stages.runner import main

if __name__ == "__main__":
    sys.exit(main())
