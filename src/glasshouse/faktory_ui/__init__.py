"""What is known of Faktory's own Web UI: its pages as typed views."""
