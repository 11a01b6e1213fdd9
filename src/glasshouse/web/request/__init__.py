"""One request: its route, who sent it, its context, and how it fails."""
