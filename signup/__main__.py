"""`python -m signup COMMAND`: the command line (signup/commands)."""

import sys

from signup.commands.edge import main

if __name__ == "__main__":
    sys.exit(main())
