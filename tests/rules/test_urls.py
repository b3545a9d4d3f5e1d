"""Every address × every kind of person: who gets in is a table, and an address missing from it fails."""
