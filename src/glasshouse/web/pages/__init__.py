"""One module for each page: its function fills the view that the template of its name lays out."""
