"""`python -m pipeline.inference.cli` is `gan-infer`, from the source."""

from pipeline.inference.cli import main

main()
