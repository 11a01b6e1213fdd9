"""What pages are made of: typed views, rows, paging, templates."""
