"""ORCID records: read from the public API, and what each line of them is worth."""
