"""One thin file a DVC stage: read params.yaml, call the library, write the outputs."""
