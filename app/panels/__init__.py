"""Panels: parts of a page about two networks, A and B, that need not be alike."""
