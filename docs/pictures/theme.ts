/** What the pictures have in common. */

/** Colours of GitHub's own pages, so that the picture looks as if it were part of one. */
export const THEMES = {
    light: {
        text: "#1f2328",
        muted: "#59636e",
        card: "#ffffff",
        node: "#f6f8fa",
        border: "#d1d9e0",
        pulumi: "#8250df",
        spire: "#1a7f37",
        cilium: "#bc4c00",
        pod: "#0969da",
    },
    dark: {
        text: "#f0f6fc",
        muted: "#9198a1",
        card: "#0d1117",
        node: "#151b23",
        border: "#3d444d",
        pulumi: "#ab7df8",
        spire: "#3fb950",
        cilium: "#f0883e",
        pod: "#4493f8",
    },
} as const;

/** Colours of lines that a change adds, removes or alters. */
export const MARKS = {
    light: {
        added: { text: "#116329", back: "#dafbe1" },
        removed: { text: "#82071e", back: "#ffebe9" },
        changed: { text: "#953800", back: "#ffd8b5" },
    },
    dark: {
        added: { text: "#aff5b4", back: "#033a16" },
        removed: { text: "#ffdcd7", back: "#67060c" },
        changed: { text: "#ffdfb6", back: "#5a1e02" },
    },
} as const;

export type ThemeName = keyof typeof THEMES;
export type Colour = keyof (typeof THEMES)["light"];

export const themes = Object.keys(THEMES) as ThemeName[];

export const FONT =
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";
