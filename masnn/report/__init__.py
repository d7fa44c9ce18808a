"""Reports: the figures of a comparison for a paper, their data, and how to make them again."""
