/** Runs in the pages: what test/site/site.test.ts asks of each. */
"use strict";

/** Red, green, blue from 0 to 255, and opacity from 0 to 1, of a colour as computed styles have it. */
function colour(text) {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return [red, green, blue, alpha];
}

/** A colour over an opaque one. */
function over([red, green, blue, alpha], below) {
    return [red, green, blue].map((part, i) => part * alpha + below[i] * (1 - alpha));
}

function background(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
        const layer = colour(getComputedStyle(at).backgroundColor);
        layers.push(layer);
        if (layer[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
}

/** Relative luminance: WCAG 2.2, section 3. */
function luminance(rgb) {
    const [red, green, blue] = rgb.map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(element) {
    const behind = background(element);
    const text = over(colour(getComputedStyle(element).color), behind);
    const [light, dark] = [luminance(text), luminance(behind)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
}

globalThis.inPage = {
    /** Every text that can be seen and has less contrast than WCAG's level AA asks for; large text may have less. */
    unreadable() {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const faults = [];
        const seen = new Set();
        let read = 0;
        while (texts.nextNode()) {
            const { parentElement: element, textContent } = texts.currentNode;
            if (!textContent.trim() || seen.has(element)) continue;
            seen.add(element);
            const shown = { opacityProperty: true, visibilityProperty: true };
            if (!element.checkVisibility(shown) || !element.getClientRects().length) continue;
            const { fontSize, fontWeight } = getComputedStyle(element);
            const large = parseFloat(fontSize) >= (Number(fontWeight) >= 700 ? 18.66 : 24);
            const ratio = contrast(element);
            read++;
            if (ratio < (large ? 3 : 4.5))
                faults.push(`${ratio.toFixed(1)}: ${textContent.trim()}`);
        }
        return { read, faults };
    },

    /** Pictures that are shown: which have not loaded, or say nothing to who cannot see them. */
    pictures() {
        const shown = [...document.images].filter((image) => image.checkVisibility());
        return {
            count: shown.length,
            faults: shown
                .filter(({ alt, complete, naturalWidth }) => !alt || !complete || !naturalWidth)
                .map(({ src, alt }) => `${src.slice(0, 80)} "${alt}"`),
        };
    },

    links: () => [...document.links].map(({ href }) => href),
    anchors: () => [...document.querySelectorAll("[id]")].map(({ id }) => id),

    /** How much wider than the window the page is, and what makes it so. */
    overflow() {
        const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width) return [];
        return [...document.querySelectorAll("body *")]
            .filter((element) => element.getBoundingClientRect().right > width + 1)
            .map(({ tagName, className }) => `${tagName}.${className}`);
    },
};
