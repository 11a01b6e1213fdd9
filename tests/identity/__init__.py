"""Pure checks of who somebody is."""
