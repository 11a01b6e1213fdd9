"""Text on the screen: numbers, times, hostile text, and messages in each language."""
