"""One module per page: its function fills the view that the template of the same name lays out."""
