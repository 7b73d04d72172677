"""The page's theme, light and dark, with the fonts of the visitor's device."""

from pathlib import Path

import gradio as gr

STYLE, SCRIPT = (
    (Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
)
FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
MONO = ("ui-monospace", "Consolas", "monospace")
# Shades from light to dark, then the name. White on 600, the colour of buttons on a light page, has
# a contrast of 6.5 to 1.
SLATE = gr.themes.Color(
    *"#f2f5f9 #e3e9f1 #c9d4e2 #a9bad0 #8199b8 #5c7899".split(),
    *"#42607f #354e69 #2a3e54 #213144 #141f2c slate".split(),
)
STONE = gr.themes.Color(
    *"#f7f7f5 #efefec #e1e1dd #c9c9c5 #9b9ba0 #737379".split(),
    *"#56565c #3b3b40 #252529 #1c1c1f #131315 stone".split(),
)
# Names that end in `_dark` are for devices that prefer a dark page.
LOOK = {
    "body_background_fill": "*neutral_50",
    "body_background_fill_dark": "*neutral_950",
    "body_text_color": "#1c1c1e",
    "body_text_color_dark": "#ececee",
    "body_text_color_subdued": "*neutral_500",
    "body_text_color_subdued_dark": "#a0a0a8",
    "block_background_fill": "#ffffff",
    "block_background_fill_dark": "#1d1d20",
    "block_border_color": "*neutral_200",
    "block_border_color_dark": "#ffffff1a",
    "block_label_background_fill": "*block_background_fill",
    "block_label_background_fill_dark": "*block_background_fill",
    "block_label_border_width": "0px",
    "block_label_text_color": "*neutral_500",
    "block_label_text_color_dark": "#a0a0a8",
    "block_title_text_color": "*neutral_600",
    "block_title_text_color_dark": "#b8b8c0",
    "block_shadow": "none",
    "input_background_fill": "*neutral_50",
    "input_background_fill_dark": "*neutral_950",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_hover": "*primary_700",
    "button_primary_background_fill_dark": "*primary_500",
    "button_primary_background_fill_hover_dark": "*primary_600",
    "button_primary_text_color": "#ffffff",
    "button_primary_text_color_dark": "#ffffff",
    "button_secondary_background_fill": "*neutral_100",
    "button_secondary_background_fill_hover": "*neutral_200",
    "button_secondary_background_fill_dark": "#2a2a2f",
    "button_secondary_background_fill_hover_dark": "#35353b",
    "slider_color": "*primary_500",
    "slider_color_dark": "*primary_400",
}


def theme() -> gr.themes.Base:
    """Return the theme."""
    base = gr.themes.Base(
        primary_hue=SLATE,
        secondary_hue=SLATE,
        neutral_hue=STONE,
        radius_size="lg",
        font=FONT,
        font_mono=MONO,
    )
    return base.set(**LOOK)
