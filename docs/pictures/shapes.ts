/** What drawn diagrams are made of, as SVG. */
import { type Colour, type ThemeName, THEMES } from "./theme";

export type Point = readonly [x: number, y: number];

export const [CARD_WIDTH, CARD_HEIGHT] = [184, 54];

/** The shapes in the colours of a theme. */
export function shapes(name: ThemeName) {
    const theme = THEMES[name];

    const text = (at: Point, content: string, size: number, colour: Colour, more = "") =>
        `<text x="${at[0]}" y="${at[1]}" font-size="${size}" fill="${theme[colour]}" text-anchor="middle"${more}>${content}</text>`;

    return {
        text,

        /** Text that begins at a point. */
        label: ([x, y]: Point, content: string, size: number, colour: Colour, more = "") =>
            `<text x="${x}" y="${y}" font-size="${size}" fill="${theme[colour]}"${more}>${content}</text>`,

        /** A part with its name and what it does, by its centre. */
        card: ([x, y]: Point, title: string, role: string, colour: Colour, width = CARD_WIDTH) => {
            const corner = `x="${x - width / 2}" y="${y - CARD_HEIGHT / 2}"`;
            return [
                `<rect ${corner} width="${width}" height="${CARD_HEIGHT}" rx="8" fill="${theme.card}" stroke="${theme[colour]}" stroke-width="1.5"/>`,
                text([x, y - 3], title, 16, "text", ' font-weight="600"'),
                text([x, y + 16], role, 13, "muted"),
            ];
        },

        /** What parts are in, with its name in the corner. */
        frame: ([x, y]: Point, [width, height]: Point, title: string) => [
            `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="12" fill="${theme.node}" stroke="${theme.border}"/>`,
            `<text x="${x + 18}" y="${y + 25}" font-size="13" font-weight="600" fill="${theme.muted}">${title}</text>`,
        ],

        /** A line through points, with heads at its end and perhaps at its start. */
        arrow: (points: Point[], colour: Colour, more = "") => {
            const path = points.map(([x, y], i) => `${i ? "L" : "M"}${x} ${y}`).join(" ");
            return `<path d="${path}" fill="none" stroke="${theme[colour]}" stroke-width="2" stroke-linejoin="round" marker-end="url(#${colour})"${more}/>`;
        },

        /** For an arrow with two heads. */
        both: (colour: Colour) => ` marker-start="url(#${colour})"`,

        /** The number of a step, as the text below the picture has it. */
        step: ([x, y]: Point, number: number, colour: Colour) => [
            `<circle cx="${x}" cy="${y}" r="11" fill="${theme[colour]}"/>`,
            `<text x="${x}" y="${y + 4.5}" font-size="13" font-weight="700" fill="${theme.card}" text-anchor="middle">${number}</text>`,
        ],

        /** The heads that arrows of these colours need. */
        heads: (...colours: Colour[]) => {
            const head = (colour: Colour) =>
                `<marker id="${colour}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="5.5" markerHeight="5.5" orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="${theme[colour]}"/></marker>`;
            return `<defs>${colours.map(head).join("")}</defs>`;
        },
    };
}
