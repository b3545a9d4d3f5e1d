"""The roof: settings, urls, wiring, and what joins all rooms."""
