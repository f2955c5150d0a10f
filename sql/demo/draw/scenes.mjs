// How a picture is composed: on a plain ground, close up, as a range, in a room; and the big ones.
import { integrated, valveamp } from './amplifiers.mjs';
import { coil } from './cables.mjs';
import { plantPot, wateringcan } from './garden.mjs';
import { headphones } from './headphones.mjs';
import { mortar, phin, steamer } from './kitchen.mjs';
import { lantern, mushroom } from './lamps.mjs';
import { crate, lp } from './records.mjs';
import { bookshelf, portable } from './speakers.mjs';
import { basket, bookRow, sideboard, stool } from './storage.mjs';
import { bowl, cup, plates, teaset } from './tableware.mjs';
import { cushion, throwOver } from './textiles.mjs';
import { turntable } from './turntables.mjs';
import {
    GROUNDS,
    Sheet,
    WOODS,
    at,
    dark,
    disc,
    ground,
    light,
    line,
    mix,
    n,
    oval,
    page,
    path,
    rect,
    speckle,
    sun,
    weave,
    wood,
} from './kit.mjs';
import { COLOURS } from './things.mjs';

const fit = (t, w, h) => Math.min(w / t.span, h / t.h);

export function front(seed, thing, value) {
    const g = new Sheet(seed);
    const t = thing.draw(g, value);
    const s = fit(t, 930, 840);
    if (t.hangs)
        return page(
            g,
            1200,
            1200,
            ground(g, thing.ground, 1200, 1200, 0.84) + at(600, 1010, s, t.body),
        );
    const y = Math.max(905, 610 + (t.h * s) / 2);
    return page(
        g,
        1200,
        1200,
        ground(g, thing.ground, 1200, 1200, Math.min(0.72, (y - 130) / 1200)) +
            at(600, y, s, t.body),
    );
}

export function detail(seed, thing, value) {
    const g = new Sheet(seed);
    const t = thing.draw(g, value);
    const s = fit(t, 830, 830) * 1.95;
    const [fx, fy] = thing.focus ?? [0, -t.h * 0.62];
    const wall = GROUNDS[thing.ground];
    return page(
        g,
        1200,
        1200,
        rect(
            0,
            0,
            1200,
            1200,
            g.rad(
                [
                    [0, light(wall[0], 0.6)],
                    [0.6, wall[0]],
                    [1, wall[1]],
                ],
                0.3,
                0.2,
                1.1,
            ),
        ) +
            speckle(g, 1200, 1200) +
            at(600 - fx * s, 600 - fy * s, s, t.body),
    );
}

export function range(seed, thing, values) {
    const g = new Sheet(seed);
    const items = values.slice(0, 4).map((v) => thing.draw(g, v));
    const s = Math.min(
        fit(items[0], items.length > 3 ? 500 : 520, items.length > 3 ? 425 : 500),
        0.72,
    );
    const spots =
        items.length > 3
            ? [
                  [345, 640],
                  [860, 625],
                  [340, 1090],
                  [865, 1080],
              ]
            : [
                  [610, 650],
                  [325, 1060],
                  [880, 1075],
              ];
    return page(
        g,
        1200,
        1200,
        ground(g, thing.ground, 1200, 1200, 0.36) +
            items
                .map((t, k) =>
                    at(spots[k][0], spots[k][1], s * (spots[k][1] > 900 ? 1.04 : 0.92), t.body),
                )
                .join(''),
    );
}

export function tableTop(g, y, w, h, c = WOODS.oak) {
    let seams = '';
    for (let k = 1; k < 4; k++) seams += `M0 ${n(y + ((h - y) * k * k) / 13)}H${w}`;
    return (
        wood(g, 0, y, w, h - y, c, { lines: 26 }) +
        line(seams, dark(c, 0.5), 3, 'opacity="0.5"') +
        rect(
            0,
            y,
            w,
            h - y,
            g.lin([
                [0, '#1a0f08', 0.26],
                [0.25, '#1a0f08', 0],
                [1, '#fff6e4', 0.16],
            ]),
        ) +
        rect(0, y - 2, w, 6, light(c, 0.5), 0, 'opacity="0.7"')
    );
}

function boards(g, y, w, h, c = '#b98556') {
    let out = rect(
        0,
        y,
        w,
        h - y,
        g.lin([
            [0, dark(c, 0.2)],
            [1, light(c, 0.12)],
        ]),
    );
    let d = '';
    for (let k = -14; k <= 28; k++)
        d += `M${n(w / 2 + (k - 7) * w * 0.07)} ${y}L${n(w / 2 + (k - 7) * w * 0.16)} ${h}`;
    out += line(d, dark(c, 0.5), 3, 'opacity="0.42"');
    return (
        out +
        rect(
            0,
            y - 26,
            w,
            28,
            g.lin([
                [0, '#f6eddc'],
                [1, '#d8c6a8'],
            ]),
        ) +
        line(`M0 ${y}H${w}`, '#2a1a10', 4, 'opacity="0.35"')
    );
}

export function rug(g, cx, cy, rx, ry, c) {
    return (
        oval(cx + 8, cy + 10, rx, ry, '#2a1a10', 'opacity="0.3"') +
        oval(cx, cy, rx, ry, weave(g, c, 9, 0.35)) +
        [0.9, 0.72, 0.5]
            .map((s, k) =>
                oval(
                    cx,
                    cy,
                    rx * s,
                    ry * s,
                    'none',
                    `stroke="${light(c, k % 2 ? 0.3 : 0.7)}" stroke-width="${k % 2 ? 22 : 9}" opacity="0.55"`,
                ),
            )
            .join('')
    );
}

const wallPaint = (g, name, w, h) => {
    const c = name === 'dusk' ? GROUNDS.dusk[0] : mix(GROUNDS[name][0], GROUNDS[name][1], 0.45);
    return (
        rect(
            0,
            0,
            w,
            h,
            g.rad(
                [
                    [0, light(c, 0.5)],
                    [0.5, c],
                    [1, dark(c, 0.24)],
                ],
                0.24,
                0.16,
                1.1,
            ),
        ) + speckle(g, w, h, 120)
    );
};

// Props are goods of the shop themselves, small and to the side.
const PROPS = {
    cup: (g) => cup(g, COLOURS.celadon, { steam: true }),
    books: (g) => at(-90, 0, 1.1, bookRow(g, 5)),
    fern: (g) => at(0, 0, 0.5, plantPot(g, COLOURS.terracotta, 'fern').body),
    snake: (g) => at(0, 0, 0.62, plantPot(g, COLOURS.cream, 'snake').body),
    herb: (g) => at(0, 0, 0.62, plantPot(g, '#7f9fa6', 'herb').body),
    monstera: (g) => at(0, 0, 0.9, plantPot(g, COLOURS.cream, 'monstera').body),
    tall: (g) => at(0, 0, 1, plantPot(g, COLOURS.teal, 'snake').body),
    lp: (g) => at(0, 0, 0.46, lp(g, 'target').body),
    lamp: (g) => at(0, 0, 0.5, mushroom(g, COLOURS.mustard).body),
    tea: (g) => at(0, 0, 0.5, teaset(g, COLOURS.celadon).body),
    bowl: (g) => at(0, 0, 0.44, bowl(g, COLOURS.indigo).body),
    can: (g) => at(0, 0, 0.5, wateringcan(g, COLOURS.mustard).body),
    stool: (g) => at(0, 0, 0.7, stool(g).body),
    phin: (g) => at(0, 0, 0.5, phin(g).body),
};
const TABLE = [
    ['fern', 'cup'],
    ['lp', 'cup'],
    ['lamp', 'books'],
    ['snake', 'phin'],
    ['herb', 'cup'],
    ['books', 'fern'],
    ['lp', 'phin'],
];

export function room(seed, thing, value) {
    const g = new Sheet(seed);
    const t = (thing.dressed ?? thing.draw)(g, value);
    const pick = (list) => list[Math.floor(g.rand() * list.length)];
    let body =
        wallPaint(g, thing.ground, 1200, 1200) +
        sun(g, 560, 60, 520, 520, thing.ground === 'dusk' ? 0.16 : 0.5);
    if (thing.room === 'table') {
        const y = 800;
        const s = fit(t, 640, 620);
        const [a, b] = pick(TABLE);
        body +=
            tableTop(g, y, 1200, 1200, pick([WOODS.oak, WOODS.walnut, WOODS.teak])) +
            at(985, y + 52, 1, PROPS[a](g)) +
            at(540, y + 180, s, t.body) +
            at(1010, 1080, 1, PROPS[b](g));
    } else if (thing.room === 'floor') {
        const y = 820;
        const s = fit(t, 720, 660);
        body +=
            boards(g, y, 1200, 1200) +
            rug(g, 560, 1050, 560, 130, pick(['#8d4a3a', '#4f6a70', '#a98252'])) +
            at(1040, y + 60, 1, PROPS[pick(['monstera', 'tall'])](g)) +
            at(520, 1040, s, t.body);
    } else if (thing.room === 'garden') {
        const y = 790;
        const s = fit(t, 640, 640);
        let rails = '';
        for (let k = 0; k < 11; k++) rails += `M${60 + k * 110} 330V${y}`;
        body +=
            line(rails, '#5d6f64', 15, 'opacity="0.8"') +
            line('M-20 330H1220', '#4d5f55', 28) +
            line('M-20 322H1220', '#8fa396', 6) +
            rect(
                0,
                y,
                1200,
                410,
                g.lin([
                    [0, '#b98a6a'],
                    [1, '#d8b08e'],
                ]),
            ) +
            line(
                [0, 1, 2, 3, 4, 5, 6, 7, 8]
                    .map((k) => `M${n(600 + (k - 4) * 170)} ${y}L${n(600 + (k - 4) * 330)} 1200`)
                    .join('') + `M0 ${y + 70}H1200M0 ${y + 190}H1200M0 ${y + 350}H1200`,
                '#8f6448',
                5,
                'opacity="0.6"',
            ) +
            at(1000, y + 60, 0.95, PROPS.monstera(g)) +
            at(150, y + 40, 1.1, PROPS.fern(g)) +
            at(540, y + 220, s, t.body);
    } else if (thing.room === 'air') {
        const y = 900;
        const s = fit(t, 620, 640);
        body +=
            tableTop(g, y, 1200, 1200, WOODS.teak) +
            at(610, 640 + (t.h * s) / 6, s, t.body) +
            at(330, y + 120, 1, PROPS.tea(g)) +
            at(900, y + 110, 1, PROPS.bowl(g));
    } else {
        body +=
            at(570, 880, fit(t, 800, 760), t.body) +
            at(1080, 1190, 1, PROPS.tall(g)) +
            at(170, 1200, 0.9, PROPS.stool(g));
    }
    return page(g, 1200, 1200, body + vignette(g, 1200, 1200));
}

const vignette = (g, w, h) =>
    rect(
        0,
        0,
        w,
        h,
        g.rad(
            [
                [0, '#fff3d6', 0.14],
                [0.5, '#fff3d6', 0],
                [0.8, '#2a1408', 0.02],
                [1, '#2a1408', 0.26],
            ],
            0.36,
            0.32,
            0.95,
        ),
    );

// A striped market awning with a scalloped edge.
export function awning(g, w, h, colours) {
    const count = Math.round(w / 120);
    const sw = w / count;
    let out = '';
    for (let k = 0; k < count; k++) {
        const c = colours[k % colours.length];
        out += path(
            `M${n(k * sw)} 0V${h}a${n(sw / 2)} ${n(sw * 0.42)} 0 0 0 ${n(sw)} 0V0z`,
            g.lin([
                [0, dark(c, 0.34)],
                [0.55, c],
                [0.9, light(c, 0.16)],
                [1, dark(c, 0.1)],
            ]),
        );
    }
    return (
        rect(
            0,
            h,
            w,
            170,
            g.lin([
                [0, '#1a0f08', 0.42],
                [1, '#1a0f08', 0],
            ]),
        ) + out
    );
}

function bulbs(g, w, y, dip, count) {
    let out = line(
        `M-20 ${y}Q${w / 4} ${y + dip * 2} ${w / 2} ${y}T${w + 20} ${y}`.replace(
            'T',
            `Q${w * 0.75} ${y + dip * 2} `,
        ),
        '#2a1a12',
        5,
    );
    for (let k = 0; k < count; k++) {
        const t = (k + 0.5) / count;
        const u = (t * 2) % 1;
        const yy = y + 4 * dip * u * (1 - u);
        out +=
            disc(
                t * w,
                yy + 34,
                92,
                g.rad([
                    [0, '#ffd98a', 0.6],
                    [0.4, '#ffc766', 0.18],
                    [1, '#ffc766', 0],
                ]),
            ) +
            rect(t * w - 8, yy, 16, 20, '#3b2718', 3) +
            disc(
                t * w,
                yy + 36,
                19,
                g.rad([
                    [0, '#fffdf0'],
                    [0.5, '#ffe7a8'],
                    [1, '#f2ae4c'],
                ]),
            );
    }
    return out;
}

// The home page's picture: an evening stall that is half listening room. Words sit over its left third.
export function hero(seed) {
    const g = new Sheet(seed);
    const W = 2400;
    const wall = '#b65f41';
    let body =
        rect(
            0,
            0,
            W,
            1200,
            g.rad(
                [
                    [0, light(wall, 0.42)],
                    [0.45, wall],
                    [1, dark(wall, 0.5)],
                ],
                0.4,
                0.3,
                0.85,
            ),
        ) + speckle(g, W, 1200, 300);
    // plank wall behind
    let planks = '';
    for (let k = 0; k < 20; k++) planks += `M${k * 126 + 40} 0V900`;
    body +=
        line(planks, dark(wall, 0.5), 5, 'opacity="0.3"') +
        line(planks, light(wall, 0.4), 2, 'opacity="0.3" transform="translate(6 0)"');
    body += oval(
        1560,
        620,
        900,
        520,
        g.rad([
            [0, '#ffcf8a', 0.42],
            [1, '#ffcf8a', 0],
        ]),
    );
    // back shelf
    body += at(
        0,
        0,
        1,
        path(
            'M930 486H2330L2290 590H970z',
            g.lin([
                [0, '#1a0f08', 0.4],
                [1, '#1a0f08', 0],
            ]),
        ) +
            wood(g, 920, 452, 1420, 36, WOODS.walnut, { r: 4 }) +
            line('M922 454H2338', '#e0b27a', 4, 'opacity="0.6"'),
    );
    body +=
        at(1060, 450, 0.3, plates(g, COLOURS.celadon).body) +
        at(1268, 450, 0.62, cup(g, COLOURS.cream, { tea: null })) +
        at(1368, 450, 0.62, cup(g, COLOURS.terracotta, { tea: null })) +
        at(1540, 450, 0.32, lp(g, 'market').body) +
        at(1800, 450, 0.3, plantPot(g, COLOURS.teal, 'trail').body) +
        at(1930, 450, 0.9, bookRow(g, 6)) +
        at(2230, 450, 0.32, basket(g).body);
    // counter
    body +=
        tableTop(g, 880, W, 1200, WOODS.teak) +
        oval(
            1600,
            960,
            900,
            130,
            g.rad([
                [0, '#ffe2a3', 0.5],
                [1, '#ffe2a3', 0],
            ]),
        );
    body +=
        at(1010, 930, 0.62, plantPot(g, COLOURS.cream, 'snake').body) +
        at(2235, 950, 0.78, at(0, 0, 1, bookshelf(g, WOODS.walnut).body)) +
        at(1480, 985, 0.86, turntable(g, WOODS.oak).body) +
        at(1905, 985, 0.66, mushroom(g, COLOURS.mustard).body);
    body +=
        at(1120, 1090, 0.5, teaset(g, COLOURS.celadon).body) +
        at(2130, 1140, 0.56, headphones(g, COLOURS.forest).body) +
        at(1650, 1130, 0.42, bowl(g, COLOURS.indigo, { food: false }).body);
    body += awning(g, W, 96, ['#f0e3c8', '#2f5a45']) + bulbs(g, W, 176, 62, 14);
    body +=
        rect(
            0,
            0,
            1250,
            1200,
            g.lin(
                [
                    [0, '#2a120a', 0.62],
                    [0.55, '#2a120a', 0.34],
                    [1, '#2a120a', 0],
                ],
                0,
                0,
                1,
                0,
            ),
        ) + vignette(g, W, 1200);
    return page(g, W, 1200, body);
}

const SETS = {
    listening: [
        'clay',
        (g) =>
            at(600, 1000, 0.86, turntable(g, WOODS.walnut).body) +
            at(200, 860, 0.5, bookshelf(g, WOODS.oak).body),
        (g) => at(940, 1090, 0.46, headphones(g, COLOURS.forest).body),
    ],
    speakers: [
        'sand',
        (g) => at(830, 880, 0.78, bookshelf(g, WOODS.walnut).body),
        (g) => at(390, 1040, 0.74, portable(g, COLOURS.red).body),
    ],
    headphones: [
        'sky',
        (g) => at(770, 960, 0.96, headphones(g, COLOURS.sand).body),
        (g) => at(310, 1040, 0.62, headphones(g, COLOURS.teal, { thin: true }).body),
    ],
    turntables: [
        'clay',
        (g) => at(600, 1000, 1.12, turntable(g, WOODS.oak, { label: '#2f5d6b' }).body),
        () => '',
    ],
    amplifiers: [
        'dusk',
        (g) => at(620, 830, 0.82, valveamp(g).body),
        (g) => at(560, 1060, 0.74, integrated(g, COLOURS.silver).body),
    ],
    cables: [
        'mist',
        (g) => at(760, 860, 0.8, coil(g, COLOURS.copper).body),
        (g) => at(390, 1060, 0.72, coil(g, COLOURS.indigo, { plug: 'jack', turns: 5 }).body),
    ],
    records: [
        'sage',
        (g) => at(480, 930, 0.98, crate(g, WOODS.natural).body),
        (g) => at(850, 1080, 0.68, lp(g, 'rain').body),
    ],
    home: [
        'leaf',
        (g) =>
            at(330, 930, 0.9, plantPot(g, COLOURS.cream, 'monstera').body) +
            at(860, 950, 0.9, mushroom(g, COLOURS.terracotta).body),
        (g) => at(620, 1090, 0.62, teaset(g, COLOURS.celadon).body),
    ],
    lamps: [
        'dusk',
        (g) => at(830, 960, 0.92, lantern(g).body),
        (g) => at(390, 1040, 0.84, mushroom(g, COLOURS.terracotta).body),
    ],
    tableware: [
        'rose',
        (g) => at(770, 900, 0.8, plates(g, COLOURS.celadon).body),
        (g) => at(400, 1050, 0.72, bowl(g, COLOURS.indigo).body),
    ],
    kitchen: [
        'honey',
        (g) => at(760, 900, 0.84, steamer(g).body),
        (g) => at(370, 1060, 0.8, phin(g, COLOURS.steel).body) + at(880, 1120, 0.5, mortar(g).body),
    ],
    textiles: [
        'mist',
        (g) => at(730, 930, 0.94, cushion(g, COLOURS.indigo, 'wave').body),
        (g) => at(430, 1080, 0.84, throwOver(g, COLOURS.rose).body),
    ],
    storage: [
        'sand',
        (g) => at(600, 980, 1.04, sideboard(g, WOODS.oak).body),
        (g) => at(990, 1120, 0.52, stool(g).body),
    ],
    garden: [
        'leaf',
        (g) =>
            at(420, 930, 0.96, plantPot(g, COLOURS.terracotta, 'monstera').body) +
            at(900, 900, 0.8, plantPot(g, COLOURS.indigo, 'snake').body),
        (g) => at(800, 1100, 0.6, wateringcan(g, COLOURS.mustard).body),
    ],
};
export function category(slug) {
    const g = new Sheet('category ' + slug);
    const [name, back, fore] = SETS[slug];
    return page(
        g,
        1200,
        1200,
        ground(g, name, 1200, 1200, 0.62) +
            (name === 'dusk' ? '' : sun(g, 520, 40, 520, 480, 0.4)) +
            back(g) +
            fore(g) +
            vignette(g, 1200, 1200),
    );
}
