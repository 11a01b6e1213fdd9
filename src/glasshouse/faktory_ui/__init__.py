"""What is known about Faktory's own Web UI: its pages as typed views."""
