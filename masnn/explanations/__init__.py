"""What stands behind each "?": a sentence, a formula, the same with this view's numbers, a source.

Pure functions of two networks' sides. The numbers come from the functions that the panels show,
so that a formula with its values and the panel cannot disagree.
"""

from masnn.explanations.writing import Explanation

__all__ = ["Explanation"]
