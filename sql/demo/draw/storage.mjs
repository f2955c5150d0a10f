// Furniture and baskets.
// Each drawer stands its thing on (0,0), the middle of its foot, and grows upwards; it answers
// { body, w, h, span } in picture pixels.
import { plantPot } from './garden.mjs';
import { at, clipped, dark, disc, light, line, n, oval, path, rect, shadow, wood } from './kit.mjs';
import { mushroom } from './lamps.mjs';
import { BRASS, block } from './parts.mjs';
import { cover } from './records.mjs';
import { cup } from './tableware.mjs';

export function sideboard(g, c, { wide = true, dressed = true } = {}) {
    const w = wide ? 860 : 600;
    const h = 330;
    let body = shadow(g, w, 0.13);
    for (const x of [-w / 2 + 60, w / 2 - 60])
        body += path(
            `M${x - 20} -110L${x - (x < 0 ? 34 : -14)} 0h20L${x + 20} -110z`,
            g.round(dark(c, 0.3), 0.25),
        );
    body +=
        block(g, -w / 2, -h - 90, w, h, c, { dx: 40, dy: 34 }) +
        rect(-w / 2 + 18, -h - 72, w - 36, h - 36, dark(c, 0.66), 4);
    const bays = wide ? 3 : 2;
    const bw = (w - 36) / bays;
    for (let k = 0; k < bays; k++) {
        const x = -w / 2 + 18 + k * bw;
        if (k === 1 || (!wide && k === 0)) {
            let xx = x + 12;
            const cols = [
                '#c8553d',
                '#d9a441',
                '#2f5d6b',
                '#e9dcc3',
                '#6b8f71',
                '#8d5a6b',
                '#3b3a4a',
                '#e08d5f',
                '#f0c98a',
            ];
            for (let i = 0; xx < x + bw - 34; i++) {
                const t = g.between(9, 17);
                body += rect(
                    xx,
                    -h - 90 + 74 + g.between(0, 16),
                    t,
                    h - 110,
                    g.flat(cols[Math.floor(g.rand() * cols.length)], 0.2),
                    2,
                );
                xx += t + 1;
            }
        } else {
            body += wood(g, x + 6, -h - 66, bw - 12, h - 48, light(c, 0.05), { r: 3 });
            let slat = '';
            for (let i = 1; i < 16; i++)
                slat += `M${n(x + 6 + ((bw - 12) * i) / 16)} ${-h - 64}v${h - 52}`;
            body +=
                line(slat, dark(c, 0.55), 4, 'opacity="0.6"') +
                line(slat, light(c, 0.4), 1.6, 'opacity="0.6" transform="translate(4 0)"') +
                disc(x + (k ? 30 : bw - 30), -h / 2 - 90, 10, g.ball(BRASS, 0.7));
        }
    }
    if (dressed)
        body +=
            at(-w * 0.26, -h - 104, 0.3, plantPot(g, '#c9714b', 'fern').body) +
            at(w * 0.2, -h - 104, 0.34, mushroom(g, '#e9c46a').body);
    return { body, w: 0, h: dressed ? 690 : 460, span: w + 40 };
}

export function wallshelf(g, c, { wide = true } = {}) {
    const w = wide ? 800 : 560;
    let body = '';
    for (const y of [-160, -480]) {
        body +=
            path(
                `M${-w / 2 + 20} ${y + 34}h${w}l-30 120h${-w + 60}z`,
                g.lin([
                    [0, '#2a1a10', 0.3],
                    [1, '#2a1a10', 0],
                ]),
            ) +
            line(`M${-w * 0.34} ${y + 30}v70M${w * 0.34} ${y + 30}v70`, '#3a2c18', 14) +
            line(`M${-w * 0.34} ${y + 30}v70M${w * 0.34} ${y + 30}v70`, BRASS, 9) +
            path(
                `M${-w / 2} ${y}l26 -34h${w - 52}l26 34z`,
                g.lin([
                    [0, light(c, 0.2)],
                    [1, light(c, 0.5)],
                ]),
            ) +
            wood(g, -w / 2, y, w, 34, c, { r: 4 });
    }
    body +=
        at(-w * 0.33, -176, 0.9, bookRow(g, 6)) +
        at(w * 0.02, -176, 0.26, plantPot(g, '#4f7a6b', 'snake').body) +
        at(w * 0.3, -176, 0.62, cup(g, '#c9714b', { w: 150, h: 130, tea: null })) +
        at(-w * 0.24, -496, 0.33, cover3(g)) +
        at(w * 0.08, -496, 0.8, bookRow(g, 5)) +
        at(w * 0.36, -496, 0.24, plantPot(g, '#e9dcc3', 'trail').body);
    return { body, w: 0, h: 780, span: w };
}

const cover3 = (g) =>
    shadow(g, 560, 0.1) +
    rect(-300, -604, 604, 604, '#2a1a10', 4, 'opacity="0.25" transform="translate(12 4)"') +
    cover(g, -300, -604, 604, 'market', ['#27364f', '#e8a04a', '#c8553d']);

export function bookRow(g, count) {
    let out = '';
    let x = 0;
    const cols = ['#8d3b2e', '#d9a441', '#2f5d6b', '#e9dcc3', '#567057', '#3b3a4a', '#c98a6a'];
    for (let k = 0; k < count; k++) {
        const w = g.between(24, 40);
        const h = g.between(150, 210);
        const c = cols[(k * 3 + 1) % cols.length];
        out +=
            rect(
                x,
                -h,
                w,
                h,
                g.lin(
                    [
                        [0, dark(c, 0.12)],
                        [0.25, light(c, 0.25)],
                        [0.6, c],
                        [1, dark(c, 0.4)],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
                3,
            ) +
            rect(x + 5, -h + 22, w - 10, 4, light(c, 0.6)) +
            rect(x + 5, -h + 32, w - 10, 4, light(c, 0.6));
        x += w + 1;
    }
    return out;
}

export function stool(g, c = '#c99a5b') {
    const leg = (x1, x2, y) =>
        line(`M${x1} -390L${x2} ${y}`, dark(c, 0.5), 36) +
        line(`M${x1} -390L${x2} ${y}`, c, 28) +
        line(`M${x1 - 6} -390L${x2 - 6} ${y - 4}`, light(c, 0.6), 7, 'opacity="0.7"') +
        [0.2, 0.5, 0.8]
            .map((t) =>
                line(
                    `M${n(x1 + (x2 - x1) * t - 15)} ${n(-390 + (390 + y) * t)}h30`,
                    dark(c, 0.45),
                    9,
                ),
            )
            .join('');
    let weft = '';
    for (let k = -14; k <= 14; k++)
        weft += `M${k * 22} -520C${k * 21} -490 ${k * 21} -440 ${k * 20} -400M-300 ${n(-462 + k * 5.4)}Q0 ${n(-440 + k * 5.8)} 300 ${n(-462 + k * 5.4)}`;
    return {
        body:
            shadow(g, 560, 0.2) +
            leg(-140, -170, -90) +
            leg(150, 185, -90) +
            line('M-190 -190Q0 -120 200 -190', dark(c, 0.5), 26) +
            line('M-190 -192Q0 -122 200 -192', light(c, 0.1), 18) +
            leg(-220, -270, -8) +
            leg(220, 280, -8) +
            path('M-290 -470V-420A290 88 0 0 0 290 -420V-470z', g.round(c, 0.4)) +
            clipped(
                g.clip('<path d="M-290 -470V-420A290 88 0 0 0 290 -420V-470z"/>'),
                line(weft, dark(c, 0.5), 6, 'opacity="0.5"'),
            ) +
            oval(
                0,
                -470,
                290,
                88,
                g.lin(
                    [
                        [0, light(c, 0.6)],
                        [0.5, c],
                        [1, dark(c, 0.25)],
                    ],
                    0,
                    0,
                    1,
                    0.6,
                ),
            ) +
            clipped(
                g.clip('<ellipse cx="0" cy="-470" rx="280" ry="82"/>'),
                line(weft, dark(c, 0.4), 7, 'opacity="0.4"') +
                    line(weft, light(c, 0.7), 3, 'opacity="0.7"'),
            ) +
            oval(0, -470, 284, 84, 'none', `stroke="${dark(c, 0.3)}" stroke-width="11"`) +
            oval(0, -473, 284, 84, 'none', `stroke="${light(c, 0.4)}" stroke-width="5"`),
        w: 0,
        h: 570,
        span: 640,
    };
}

export function basket(g, c = '#b78a50', s = 1) {
    const d = 'M-280 -440C-310 -250 -270 -60 -220 -12Q0 30 220 -12C270 -60 310 -250 280 -440z';
    let plait = '';
    for (let r = 0; r < 12; r++) {
        const y = -410 + r * 36;
        for (let k = -9; k <= 9; k++) {
            const x = k * 34 + (r % 2 ? 17 : 0);
            plait += `<path d="M${n(x - 17)} ${y}q17 ${-20} 34 ${4}q-4 26 -17 22q-20 -2 -17 -26z"/>`;
        }
    }
    return {
        body: at(
            0,
            0,
            s,
            shadow(g, 500, 0.22) +
                line('M-262 -420C-330 -560 -200 -580 -160 -450', dark(c, 0.45), 30) +
                line('M-262 -420C-328 -556 -200 -576 -160 -450', c, 22) +
                oval(0, -440, 280, 74, dark(c, 0.6)) +
                path(
                    'M-240 -440C-200 -560 -60 -540 0 -510C80 -580 220 -540 240 -440C120 -400 -120 -400 -240 -440z',
                    g.lin(
                        [
                            [0, '#f7efe0'],
                            [1, '#c9b594'],
                        ],
                        0,
                        0,
                        1,
                        1,
                    ),
                ) +
                path(
                    'M-60 -470C20 -560 160 -560 220 -450C140 -410 20 -420 -60 -470z',
                    g.flat('#2f5d6b', 0.25),
                ) +
                path(d, g.round(c, 0.35)) +
                clipped(
                    g.clip(`<path d="${d}"/>`),
                    `<g fill="${light(c, 0.25)}" stroke="${dark(c, 0.5)}" stroke-width="3" opacity="0.6">${plait}</g>` +
                        path(
                            d,
                            g.lin(
                                [
                                    [0, '#fff6e4', 0.25],
                                    [0.35, '#fff6e4', 0],
                                    [1, '#1a0f08', 0.5],
                                ],
                                0,
                                0,
                                1,
                                0.1,
                            ),
                        ),
                ) +
                line('M-282 -436A282 74 0 0 0 282 -436', dark(c, 0.5), 34) +
                line('M-282 -438A282 74 0 0 0 282 -438', c, 26) +
                line(
                    'M-282 -442A282 74 0 0 0 282 -442',
                    light(c, 0.5),
                    14,
                    'stroke-dasharray="22 14" opacity="0.8"',
                ) +
                line('M180 -384C170 -280 320 -290 300 -420', dark(c, 0.45), 28) +
                line('M180 -386C172 -286 318 -294 298 -420', light(c, 0.1), 20),
        ),
        w: 0,
        h: 570 * s,
        span: 620 * s,
    };
}
