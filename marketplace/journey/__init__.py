"""The whole loop on rows that nobody here wrote, over HTTP, with every cent accounted for. See docs/journey.md."""
