"""Pages for people, in Danish, over the same questions as the API."""
