"""One thin file a DVC stage: read params.yaml, call the library, write the outputs."""

import sys

from stages.guarded import die_with_parent

if sys.argv[0] == "-m":  # `python -m stages.X`, before X is imported; not where a test imports one
    die_with_parent()
