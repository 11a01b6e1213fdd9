"""What pages are built from: typed views, rows, paging, templates."""
