"""``python -m quotaopt`` is the command line."""

import sys

from quotaopt.cli import main

sys.exit(main())
