"""The credential review desk: its pages, and what can be done beside a decision."""
