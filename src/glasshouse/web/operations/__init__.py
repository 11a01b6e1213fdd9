"""Acting: buttons, previews, progress, the trash, recent activity."""
