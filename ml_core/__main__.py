"""`python -m ml_core …`."""

import sys

from ml_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
