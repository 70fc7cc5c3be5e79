"""`python -m genba`: the same as the command `genba`."""

import sys

from genba.faces.cli.main import main

sys.exit(main())
