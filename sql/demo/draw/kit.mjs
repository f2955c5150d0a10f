// The drawing kit: colour, seeded chance, gradients, shadows, textures.
//
// Everything is plain SVG that librsvg renders fast: light and shade are gradients, never blurs,
// because a blur at 1200 px costs more than the whole rest of a picture. One light, from the upper
// left. Every drawer returns mark-up in its own coordinates; a Sheet collects the definitions.

export function rng(seed) {
    let h = 2166136261;
    for (const ch of String(seed)) h = Math.imul(h ^ ch.codePointAt(0), 16777619);
    return () => {
        h = (h + 0x6d2b79f5) | 0;
        let t = Math.imul(h ^ (h >>> 15), 1 | h);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

export const n = (x) => String(Math.round(x * 10) / 10);

const parse = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
export function mix(a, b, t) {
    const p = parse(a);
    const q = parse(b);
    return (
        '#' +
        p
            .map((v, i) =>
                Math.round(v + (q[i] - v) * t)
                    .toString(16)
                    .padStart(2, '0'),
            )
            .join('')
    );
}
// Shadows lean to a warm umber and lights to a warm white, so colours stay in one family.
export const dark = (c, t) => mix(c, '#23160f', t);
export const light = (c, t) => mix(c, '#fff6e4', t);

export class Sheet {
    constructor(seed) {
        this.defs = [];
        this.known = new Map();
        this.rand = rng(seed);
    }
    between(a, b) {
        return a + (b - a) * this.rand();
    }
    def(body) {
        if (this.known.has(body)) return this.known.get(body);
        const id = 'd' + this.known.size.toString(36);
        this.known.set(body, id);
        this.defs.push(body.replace('@', `id="${id}"`));
        return id;
    }
    stops(list) {
        return list
            .map(
                ([at, colour, opacity = 1]) =>
                    `<stop offset="${at}" stop-color="${colour}"${opacity < 1 ? ` stop-opacity="${opacity}"` : ''}/>`,
            )
            .join('');
    }
    // Linear gradient across the bounding box; list of [offset, colour, opacity].
    lin(list, x1 = 0, y1 = 0, x2 = 0, y2 = 1) {
        return `url(#${this.def(`<linearGradient @ x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}">${this.stops(list)}</linearGradient>`)})`;
    }
    rad(list, cx = 0.5, cy = 0.5, r = 0.5, fx = cx, fy = cy) {
        return `url(#${this.def(`<radialGradient @ cx="${cx}" cy="${cy}" r="${r}" fx="${fx}" fy="${fy}">${this.stops(list)}</radialGradient>`)})`;
    }
    clip(shape) {
        return `url(#${this.def(`<clipPath @>${shape}</clipPath>`)})`;
    }
    // A round body (cup, knob, pot): lit left of the middle, dark to the right, a faint bounce at the rim.
    round(c, gloss = 0.35) {
        return this.lin(
            [
                [0, dark(c, 0.22)],
                [0.1, dark(c, 0.06)],
                [0.3, light(c, gloss)],
                [0.45, c],
                [0.78, dark(c, 0.26)],
                [0.93, dark(c, 0.42)],
                [1, dark(c, 0.3)],
            ],
            0,
            0,
            1,
            0,
        );
    }
    ball(c, gloss = 0.55) {
        return this.rad(
            [
                [0, light(c, gloss)],
                [0.35, light(c, gloss * 0.25)],
                [0.62, c],
                [0.88, dark(c, 0.36)],
                [1, dark(c, 0.28)],
            ],
            0.5,
            0.5,
            0.56,
            0.32,
            0.26,
        );
    }
    flat(c, t = 0.12) {
        return this.lin(
            [
                [0, light(c, t)],
                [0.5, c],
                [1, dark(c, t)],
            ],
            0,
            0,
            1,
            1,
        );
    }
}

export const at = (x, y, s, body, turn = 0) =>
    `<g transform="translate(${n(x)} ${n(y)})${turn ? ` rotate(${n(turn)})` : ''}${s === 1 ? '' : ` scale(${Math.round(s * 1000) / 1000})`}">${body}</g>`;
export const rect = (x, y, w, h, fill, r = 0, more = '') =>
    `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}"${r ? ` rx="${n(r)}"` : ''} fill="${fill}"${more ? ' ' + more : ''}/>`;
export const oval = (cx, cy, rx, ry, fill, more = '') =>
    `<ellipse cx="${n(cx)}" cy="${n(cy)}" rx="${n(rx)}" ry="${n(ry)}" fill="${fill}"${more ? ' ' + more : ''}/>`;
export const disc = (cx, cy, r, fill, more = '') =>
    `<circle cx="${n(cx)}" cy="${n(cy)}" r="${n(r)}" fill="${fill}"${more ? ' ' + more : ''}/>`;
export const path = (d, fill, more = '') =>
    `<path d="${d}" fill="${fill}"${more ? ' ' + more : ''}/>`;
export const line = (d, stroke, width, more = '') =>
    `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${n(width)}" stroke-linecap="round" stroke-linejoin="round"${more ? ' ' + more : ''}/>`;
export const clipped = (clip, body) => `<g clip-path="${clip}">${body}</g>`;

const INK = '#2a1a10';

// Where a thing meets the table: a tight dark kiss and a long soft fall to the lower right.
export function shadow(g, w, depth = 0.16, strength = 1) {
    const soft = g.rad([
        [0, INK, 0.42 * strength],
        [0.45, INK, 0.22 * strength],
        [0.75, INK, 0.07 * strength],
        [1, INK, 0],
    ]);
    const kiss = g.rad([
        [0, INK, 0.6 * strength],
        [0.7, INK, 0.35 * strength],
        [1, INK, 0],
    ]);
    return (
        oval(w * 0.12, w * depth * 0.12, w * 0.74, w * depth * 0.8, soft) +
        oval(w * 0.01, -w * depth * 0.08, w * 0.53, Math.max(10, w * depth * 0.3), kiss)
    );
}

export const WOODS = {
    walnut: '#7a4e30',
    oak: '#c99a63',
    black: '#33302d',
    natural: '#cfa46c',
    teak: '#a8692f',
    acacia: '#96582f',
    tamarind: '#b98358',
    white: '#ece5d8',
    bamboo: '#d8b069',
    ash: '#dcbc8b',
    dark: '#4d3020',
};

// Wood: a base gradient, long seeded grain lines and now and then a cathedral arch.
export function wood(g, x, y, w, h, c, { r = 0, upright = false, lines = 0 } = {}) {
    const clip = g.clip(
        `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" rx="${n(r)}"/>`,
    );
    const quiet = c === WOODS.white || c === WOODS.black ? 0.35 : 1;
    let out = rect(
        x,
        y,
        w,
        h,
        g.lin(
            [
                [0, light(c, 0.18)],
                [0.45, c],
                [1, dark(c, 0.2)],
            ],
            0,
            0,
            1,
            1,
        ),
    );
    const across = upright ? w : h;
    const along = upright ? h : w;
    const count = lines || Math.max(5, Math.min(34, Math.round(across / 11)));
    let d1 = '';
    let d2 = '';
    for (let i = 0; i < count; i++) {
        const p = ((i + g.rand()) / count) * across;
        const b = g.between(-7, 7);
        const e = g.between(-5, 5);
        const seg = upright
            ? `M${n(x + p)} ${n(y)}q${n(b)} ${n(along * 0.3)} ${n(e)} ${n(along * 0.55)}t${n(-e)} ${n(along * 0.5)}`
            : `M${n(x)} ${n(y + p)}q${n(along * 0.3)} ${n(b)} ${n(along * 0.55)} ${n(e)}t${n(along * 0.5)} ${n(-e)}`;
        if (g.rand() < 0.6) d1 += seg;
        else d2 += seg;
    }
    out +=
        line(d1, dark(c, 0.4), 1.6, `opacity="${0.32 * quiet}"`) +
        line(d2, light(c, 0.4), 1.5, `opacity="${0.32 * quiet}"`);
    if (across > 90 && quiet === 1) {
        const m = across * g.between(0.35, 0.65);
        let d = '';
        for (let k = 1; k < 6; k++) {
            const s = k * across * 0.035;
            const tip = along * (0.25 + k * 0.075);
            d += upright
                ? `M${n(x + m - s)} ${n(y + along)}C${n(x + m - s)} ${n(y + along - tip * 1.1)} ${n(x + m + s)} ${n(y + along - tip * 1.1)} ${n(x + m + s)} ${n(y + along)}`
                : `M${n(x)} ${n(y + m - s)}C${n(x + tip * 1.1)} ${n(y + m - s)} ${n(x + tip * 1.1)} ${n(y + m + s)} ${n(x)} ${n(y + m + s)}`;
        }
        out += line(d, dark(c, 0.45), 2, 'opacity="0.26"');
    }
    return clipped(clip, out);
}

// A weave: two families of short strokes. The tile holds 8 x 8 crossings, because what a pattern
// costs to paint is its number of tiles.
export function weave(g, c, size = 10, strength = 0.3) {
    const cells = 8;
    const side = size * cells;
    let across = '';
    let down = '';
    for (let i = 0; i < cells; i++)
        for (let k = 0; k < cells; k++) {
            const x = k * size;
            const y = i * size;
            across += `M${n(x)} ${n(y + size * 0.25)}h${n(size / 2)}M${n(x + size / 2)} ${n(y + size * 0.75)}h${n(size / 2)}`;
            down += `M${n(x + size * 0.25)} ${n(y + size / 2)}v${n(size / 2)}M${n(x + size * 0.75)} ${n(y)}v${n(size / 2)}`;
        }
    const id = g.def(
        `<pattern @ width="${side}" height="${side}" patternUnits="userSpaceOnUse"><rect width="${side}" height="${side}" fill="${c}"/>` +
            `<path d="${across}" stroke="${mix(c, light(c, 0.35), strength)}" stroke-width="${n(size * 0.28)}"/>` +
            `<path d="${down}" stroke="${mix(c, dark(c, 0.45), strength)}" stroke-width="${n(size * 0.26)}"/></pattern>`,
    );
    return `url(#${id})`;
}

export function perforated(g, c, step = 12, r = 3) {
    const id = g.def(
        `<pattern @ width="${step}" height="${step}" patternUnits="userSpaceOnUse"><circle cx="${step / 4}" cy="${step / 4}" r="${r}" fill="${c}"/>` +
            `<circle cx="${step * 0.75}" cy="${step * 0.75}" r="${r}" fill="${c}"/></pattern>`,
    );
    return `url(#${id})`;
}

// Grounds: paper-like pairs of wall and table. A category keeps to one, so that a list looks curated.
export const GROUNDS = {
    sand: ['#efe3cd', '#e2d0b2'],
    clay: ['#ecd3bd', '#dfbd9f'],
    mist: ['#dfe3dc', '#cbd1c6'],
    sage: ['#dde0c8', '#c9cfae'],
    rose: ['#f0d9cf', '#e3c2b3'],
    honey: ['#f3dfb4', '#e6c98d'],
    sky: ['#d9e2e3', '#c2d0d2'],
    dusk: ['#5d4a44', '#493832'],
    lilac: ['#e2d9dc', '#cfc2c7'],
    leaf: ['#d5dfcf', '#bfcdb6'],
};

export function ground(g, name, w = 1200, h = 1200, horizon = 0.68) {
    const [wall, table] = GROUNDS[name];
    const y = h * horizon;
    return (
        rect(
            0,
            0,
            w,
            h,
            g.rad(
                [
                    [0, light(wall, 0.6)],
                    [0.5, wall],
                    [1, dark(wall, 0.12)],
                ],
                0.3,
                0.18,
                1.05,
            ),
        ) +
        rect(
            0,
            y,
            w,
            h - y,
            g.lin([
                [0, dark(table, 0.05)],
                [0.12, table],
                [1, light(table, 0.22)],
            ]),
        ) +
        rect(
            0,
            y - h * 0.03,
            w,
            h * 0.06,
            g.lin([
                [0, wall, 0],
                [0.5, dark(table, 0.1), 0.35],
                [1, table, 0],
            ]),
        ) +
        speckle(g, w, h)
    );
}

// A few hundred fibres and flecks make the ground read as paper.
export function speckle(g, w, h, count = 170) {
    let a = '';
    let b = '';
    for (let i = 0; i < count; i++) {
        const s = `M${n(g.rand() * w)} ${n(g.rand() * h)}l${n(g.between(-7, 7))} ${n(g.between(-4, 4))}`;
        if (i % 2) a += s;
        else b += s;
    }
    return line(a, '#ffffff', 1.4, 'opacity="0.35"') + line(b, '#6b4d33', 1.1, 'opacity="0.16"');
}

// Window light on a wall: a slanted lattice, soft because its own edges fade.
export function sun(g, x, y, w, h, strength = 0.5) {
    let out = '';
    for (let r = 0; r < 3; r++)
        for (let k = 0; k < 2; k++) {
            const px = x + k * w * 0.52 + r * h * 0.1;
            const py = y + r * h * 0.34 + k * w * 0.1;
            const d = `M${n(px)} ${n(py)}l${n(w * 0.47)} ${n(w * 0.09)}l${n(h * 0.09)} ${n(h * 0.31)}l${n(-w * 0.47)} ${n(-w * 0.09)}z`;
            out +=
                path(
                    d,
                    g.lin(
                        [
                            [0, '#fffaf0', strength],
                            [1, '#fff1d0', strength * 0.6],
                        ],
                        0,
                        0,
                        1,
                        1,
                    ),
                ) + line(d, '#fff6e2', 7, `opacity="${strength * 0.35}"`);
        }
    return out;
}

export const page = (g, w, h, body) =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}"><defs>${g.defs.join('')}</defs>${body}</svg>\n`;
