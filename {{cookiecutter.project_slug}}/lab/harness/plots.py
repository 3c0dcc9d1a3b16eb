"""How the plots look: SVG with their words as text, for light and dark pages.

The background is transparent. The text has enough contrast with white and with black
(WCAG: 4 to 1).
"""

TEXT = "#787878"
SETTINGS = {
    "svg.fonttype": "none",
    # The same results make the same file.
    "svg.hashsalt": "lab",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": TEXT,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "grid.color": TEXT,
    "grid.alpha": 0.25,
    "axes.grid": True,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}
