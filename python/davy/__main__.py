"""`python -m davy` is the binary."""

import os
import sys

from ._program import program

binary = program()
os.execv(binary, [binary, *sys.argv[1:]])
