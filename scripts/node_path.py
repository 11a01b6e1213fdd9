"""Prints the folder of the Node that builds the front end (see hatch_build.py)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from hatch_build import node_folder

print(node_folder())
