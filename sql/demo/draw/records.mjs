// Records, crates and care.
// Each drawer stands its thing on (0,0), the middle of its foot, and grows upwards; it answers
// { body, w, h, span } in picture pixels.
import {
    WOODS,
    at,
    clipped,
    dark,
    disc,
    light,
    line,
    n,
    oval,
    path,
    rect,
    shadow,
    wood,
} from './kit.mjs';
import { record } from './turntables.mjs';

export function brush(g) {
    let hair = '';
    for (let i = 0; i < 90; i++) hair += `M${n(-280 + i * 6.3)} -100l${n(g.between(-4, 4))} 96`;
    return {
        body:
            shadow(g, 640, 0.14) +
            rect(-286, -104, 572, 96, '#221d1b', 4) +
            line(hair, '#5a514b', 2.4) +
            rect(
                -300,
                -150,
                600,
                56,
                g.lin([
                    [0, '#f5efe5'],
                    [0.4, '#b9b4ab'],
                    [1, '#68635c'],
                ]),
                6,
            ) +
            wood(g, -320, -300, 640, 156, WOODS.bamboo, { r: 60 }) +
            rect(
                -320,
                -300,
                640,
                156,
                g.lin([
                    [0, '#fff6e4', 0.5],
                    [0.4, '#fff6e4', 0],
                    [1, '#1a0f08', 0.45],
                ]),
                60,
            ) +
            line('M-250 -276H210', '#fffaf0', 6, 'opacity="0.5"') +
            oval(0, -222, 60, 26, g.flat('#b98a45', 0.3)) +
            line('M-30 -222q15 -18 30 0t30 0', '#5a3c10', 5),
        w: 0,
        h: 310,
        span: 650,
    };
}

const SPINES = [
    '#c8553d',
    '#d9a441',
    '#2f5d6b',
    '#e9dcc3',
    '#6b8f71',
    '#8d5a6b',
    '#3b3a4a',
    '#e08d5f',
    '#4f7a86',
    '#b8433a',
    '#f0c98a',
    '#567057',
];

// Sleeve art: one of a few compositions, from the seed.
export function cover(g, x, y, s, kind, [a, b, c]) {
    const clip = g.clip(`<rect x="${n(x)}" y="${n(y)}" width="${n(s)}" height="${n(s)}" rx="3"/>`);
    const u = s / 100;
    let art = rect(x, y, s, s, a);
    if (kind === 'market') {
        art += disc(x + 68 * u, y + 30 * u, 15 * u, b);
        for (let k = 0; k < 5; k++)
            art +=
                path(
                    `M${n(x + (k * 21 - 3) * u)} ${n(y + 62 * u)}l${10.5 * u} ${-13 * u}l${10.5 * u} ${13 * u}z`,
                    k % 2 ? c : b,
                ) +
                rect(x + (k * 21 + 1) * u, y + 62 * u, 13 * u, 38 * u, dark(a, 0.35)) +
                disc(x + (k * 21 + 7.5) * u, y + 72 * u, 3 * u, '#ffd98a');
        art += line(
            `M${n(x)} ${n(y + 40 * u)}q${25 * u} ${14 * u} ${50 * u} 0t${50 * u} 0`,
            '#fff0cf',
            1.2 * u,
        );
        for (let k = 0; k < 9; k++)
            art += disc(
                x + (5 + k * 11.4) * u,
                y + (44 + Math.sin(k * 1.57) * 4) * u,
                2.3 * u,
                k % 2 ? '#ffd98a' : '#ff9d5c',
            );
    } else if (kind === 'rain') {
        let d = '';
        for (let k = 0; k < 60; k++)
            d += `M${n(x + g.rand() * s)} ${n(y + g.rand() * 62 * u)}l${n(-2 * u)} ${n(9 * u)}`;
        art += line(d, b, 0.9 * u, 'opacity="0.8"');
        for (let k = 0; k < 10; k++)
            art += path(
                `M${n(x + (k * 11 - 5) * u)} ${n(y + 100 * u)}V${n(y + 68 * u)}q${5.5 * u} ${-7 * u} ${11 * u} 0V${n(y + 100 * u)}z`,
                k % 2 ? c : dark(c, 0.2),
            );
    } else {
        for (let k = 5; k > 0; k--) art += disc(x + 50 * u, y + 56 * u, k * 8 * u, k % 2 ? b : c);
        art += rect(x, y + 76 * u, s, 24 * u, dark(a, 0.3));
    }
    return (
        clipped(
            clip,
            art +
                rect(
                    x,
                    y,
                    s,
                    s,
                    g.lin(
                        [
                            [0, '#fff6e4', 0.3],
                            [0.4, '#fff6e4', 0],
                            [1, '#1a0f08', 0.22],
                        ],
                        0,
                        0,
                        1,
                        1,
                    ),
                ),
        ) + line(`M${n(x + 1)} ${n(y + 2)}v${n(s - 4)}`, '#fff6e4', 2, 'opacity="0.5"')
    );
}

export function lp(g, kind, vinyl = '#1d1a19') {
    const art = {
        market: ['#27364f', '#e8a04a', '#c8553d'],
        rain: ['#3f6a70', '#dcebe6', '#8d4f3a'],
        target: ['#e9cf9c', '#c8553d', '#2f5d6b'],
    }[kind];
    const label = kind === 'rain' ? '#d9a441' : '#c8553d';
    return {
        body:
            shadow(g, 620, 0.14) +
            at(150, -312, 1, record(g, 0, 0, 290, 290, { label, vinyl })) +
            rect(-360, -600, 604, 604, '#2a1a10', 4, 'opacity="0.25" transform="translate(8 0)"') +
            cover(g, -370, -604, 604, kind, art) +
            line('M236 -600V-4', '#fff8ea', 3, 'opacity="0.4"'),
        w: 0,
        h: 610,
        span: 820,
    };
}

export function crate(g, c, { full = true } = {}) {
    const w = 640;
    const h = 380;
    let body =
        shadow(g, w + 60, 0.2) + path(`M${-w / 2} ${-h}l54 -96h${w - 60}l60 96z`, dark(c, 0.65));
    if (full) {
        let x = -w / 2 + 30;
        for (let k = 0; k < 22 && x < w / 2 - 34; k++) {
            const t = g.between(18, 30);
            const tall = g.between(500, 548);
            const col = SPINES[(k * 5 + 2) % SPINES.length];
            body +=
                path(
                    `M${n(x)} ${-h + 60}V${n(-tall)}l26 -34h${n(t)}V${-h + 30}z`,
                    g.lin(
                        [
                            [0, light(col, 0.25)],
                            [1, dark(col, 0.3)],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ) + path(`M${n(x)} ${n(-tall)}l26 -34h${n(t)}l-26 34z`, light(col, 0.55));
            x += t;
        }
    }
    body += path(
        `M${w / 2} ${-h}l56 -90v${h - 30}l-56 120z`,
        g.lin([
            [0, dark(c, 0.35)],
            [1, dark(c, 0.6)],
        ]),
    );
    for (let k = 0; k < 3; k++) {
        const y = -h + k * (h / 3) + 4;
        body +=
            rect(-w / 2, y + 6, w, h / 3 - 14, '#1a0f08', 6, 'opacity="0.4"') +
            wood(g, -w / 2, y, w, h / 3 - 14, c, { r: 5 });
    }
    for (const x of [-w / 2 + 8, w / 2 - 68])
        body +=
            wood(g, x, -h - 6, 60, h + 4, light(c, 0.06), { upright: true, r: 5 }) +
            [0, 1, 2]
                .map((k) => disc(x + 30, -h + 50 + k * (h / 3), 7, g.ball('#8a8378', 0.7)))
                .join('');
    body +=
        rect(-74, -h + 38, 148, 46, '#1d120b', 23) +
        line(`M-66 ${-h + 80}H66`, light(c, 0.4), 3, 'opacity="0.6"');
    return { body, w: 0, h: full ? 585 : 480, span: 760 };
}

export function sleeves(g) {
    let body = shadow(g, 600, 0.18);
    for (let k = 0; k < 9; k++)
        body +=
            path(
                `M${-330 + k * 7} ${-20 - k * 13}h560l110 -120h-540z`,
                k % 2 ? '#e9e1d2' : '#fbf6ec',
            ) +
            line(`M${-330 + k * 7} ${-20 - k * 13}h560l110 -120`, '#b8a98f', 2, 'opacity="0.7"');
    body += at(
        20,
        -170,
        1,
        rect(
            -260,
            -520,
            520,
            520,
            g.lin(
                [
                    [0, '#fffdf7'],
                    [1, '#e6dcc8'],
                ],
                0,
                0,
                1,
                1,
            ),
            8,
        ) +
            record(g, 0, -260, 236, 236, { label: '#2f5d6b' }) +
            rect(
                -260,
                -520,
                520,
                520,
                g.lin(
                    [
                        [0, '#fffdf7', 0.72],
                        [0.5, '#fffaf0', 0.5],
                        [1, '#efe5d2', 0.66],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
                8,
            ) +
            path('M-260 -520H-140L-240 0H-260z', '#ffffff', 'opacity="0.35"') +
            line('M-258 -518H258', '#ffffff', 4),
        -4,
    );
    return { body, w: 0, h: 700, span: 680 };
}
