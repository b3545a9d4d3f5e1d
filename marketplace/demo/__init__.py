"""People and projects of the demo, made once through the same actions that everybody uses. Nothing here is real."""
