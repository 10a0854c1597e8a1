"""Input that means harm: read, or refused by name; nothing is run, nothing is written."""
