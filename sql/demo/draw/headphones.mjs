// Headphones, earphones and their stand.
// Each drawer stands its thing on (0,0), the middle of its foot, and grows upwards; it answers
// { body, w, h, span } in picture pixels.
import {
    WOODS,
    at,
    dark,
    disc,
    light,
    line,
    oval,
    perforated,
    rect,
    shadow,
    wood,
} from './kit.mjs';
import { METAL } from './parts.mjs';

// A pair on its own, a little turned: the near cup shows its back, the far one its cushion.
export function headphones(g, c, { thin = false, pad = '#3a302b', stand = false } = {}) {
    const k = thin ? 0.84 : 1;
    const band = 'M-232 -250C-270 -640 -120 -760 20 -760C170 -760 292 -640 252 -250';
    const inner = 'M-206 -300C-232 -610 -110 -716 20 -716C150 -716 252 -610 228 -300';
    let body = '';
    // far cup
    body += at(
        250,
        -210,
        k,
        oval(-34, 0, 66, 142, g.round(pad, 0.3)) +
            oval(6, 0, 58, 136, g.round(c, 0.35)) +
            oval(
                24,
                0,
                40,
                112,
                g.lin(
                    [
                        [0, dark(c, 0.2)],
                        [1, dark(c, 0.55)],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
            ),
        -7,
    );
    body +=
        line(band, dark(c, 0.45), thin ? 30 : 46) +
        line(
            band,
            g.lin(
                [
                    [0, light(c, 0.45)],
                    [0.4, c],
                    [1, dark(c, 0.35)],
                ],
                0,
                0,
                1,
                0.3,
            ),
            thin ? 24 : 38,
        );
    if (!thin)
        body += line(inner, dark(pad, 0.2), 20) + line(inner, light(pad, 0.16), 5, 'opacity="0.6"');
    body += line('M-214 -470C-186 -650 -96 -738 10 -742', light(c, 0.75), 6, 'opacity="0.55"');
    // yokes
    for (const s of [-1, 1]) {
        const x = s < 0 ? -234 : 254;
        body += rect(x - 9, -430, 18, 150, g.round(METAL, 0.7), 8);
    }
    // near cup
    const r = thin ? 118 : 152;
    body += at(
        -215,
        -205,
        1,
        oval(58, 2, r * 0.72, r * 1.02, g.round(pad, 0.25)) +
            oval(34, 0, r * 0.8, r * 1.04, g.round(dark(c, 0.1), 0.3)) +
            oval(
                0,
                0,
                r * 0.94,
                r * 1.06,
                g.lin(
                    [
                        [0, light(c, 0.5)],
                        [0.4, c],
                        [1, dark(c, 0.45)],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
            ) +
            oval(
                -4,
                0,
                r * 0.78,
                r * 0.9,
                g.lin(
                    [
                        [0, dark(c, 0.35)],
                        [1, light(c, 0.14)],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
            ) +
            oval(
                -4,
                0,
                r * 0.73,
                r * 0.85,
                g.lin(
                    [
                        [0, light(c, 0.2)],
                        [1, dark(c, 0.2)],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
            ) +
            oval(-4, 0, r * 0.6, r * 0.71, perforated(g, dark(c, 0.55), 15, 3.2)) +
            disc(
                -4,
                0,
                r * 0.16,
                g.lin(
                    [
                        [0, '#f3dca6'],
                        [1, '#8c6a2c'],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
            ),
    );
    if (stand) return { body, w: 0, h: 770, span: 620 };
    return {
        body:
            at(-190, thin ? -82 : -46, 1, shadow(g, 230, 0.24)) +
            at(245, thin ? -92 : -68, 1, shadow(g, 140, 0.26)) +
            body,
        w: 0,
        h: 770,
        span: 640,
    };
}

export function earphones(g, c) {
    const cord =
        'M-119 -340C-190 -80 -330 -60 -300 -10C-260 50 -60 20 0 -80C60 -190 300 -180 300 -60C300 40 90 50 60 -30';
    const cord2 = 'M153 -374C190 -200 120 -120 0 -80';
    const bud = (x, y, s, turn) =>
        at(
            x,
            y,
            s,
            rect(-20, 40, 40, 120, g.round('#3c3835', 0.4), 18) +
                oval(70, -8, 40, 62, g.round('#f4ecde', 0.4)) +
                oval(30, 0, 34, 56, g.round(METAL, 0.6)) +
                disc(-20, 0, 92, g.ball(c, 0.7)) +
                disc(
                    -28,
                    -2,
                    60,
                    g.lin(
                        [
                            [0, dark(c, 0.3)],
                            [1, light(c, 0.35)],
                        ],
                        0,
                        0,
                        1,
                        1,
                    ),
                ) +
                disc(-28, -2, 53, g.flat(c, 0.24)) +
                line('M-56 4q28 -44 56 0', light(c, 0.7), 6) +
                line('M-44 20q16 -24 32 0', light(c, 0.7), 6),
            turn,
        );
    return {
        body:
            shadow(g, 640, 0.2, 0.7) +
            line(cord, '#1e1814', 17, 'opacity="0.2" transform="translate(10 16)"') +
            line(cord, dark(c, 0.5), 15) +
            line(cord, light(c, 0.25), 6, 'stroke-dasharray="9 8" opacity="0.8"') +
            line(cord2, dark(c, 0.5), 15) +
            line(cord2, light(c, 0.25), 6, 'stroke-dasharray="9 8" opacity="0.8"') +
            rect(-26, -100, 52, 34, g.round(METAL, 0.7), 10) +
            at(
                64,
                -40,
                1,
                rect(-14, -16, 28, 64, g.round('#3c3835', 0.4), 8) +
                    rect(-7, 46, 14, 54, g.round('#e2bd6c', 0.8), 5),
                24,
            ) +
            bud(-160, -500, 1.06, -14) +
            `<g transform="translate(190 -520) scale(-0.96 0.96)">${bud(0, 0, 1, -14)}</g>`,
        w: 0,
        h: 640,
        span: 700,
    };
}

export function headstand(g, c = WOODS.teak, withPhones = null) {
    const post =
        wood(g, -26, -690, 52, 650, c, { r: 18, upright: true }) +
        rect(
            -26,
            -690,
            52,
            650,
            g.lin(
                [
                    [0, '#fff6e4', 0.2],
                    [0.5, '#fff6e4', 0],
                    [1, '#1a0f08', 0.4],
                ],
                0,
                0,
                1,
                0,
            ),
            18,
        );
    const arch = 'M-120 -660C-110 -756 110 -756 120 -660';
    return {
        body:
            shadow(g, 380, 0.24) +
            oval(0, -22, 190, 52, dark(c, 0.5)) +
            oval(
                0,
                -42,
                190,
                52,
                g.lin(
                    [
                        [0, light(c, 0.4)],
                        [0.5, c],
                        [1, dark(c, 0.25)],
                    ],
                    0,
                    0,
                    1,
                    0.4,
                ),
            ) +
            oval(
                0,
                -44,
                130,
                33,
                'none',
                `stroke="${dark(c, 0.3)}" stroke-width="2" opacity="0.4"`,
            ) +
            oval(4, -46, 50, 13, '#1a0f08', 'opacity="0.3"') +
            post +
            (withPhones ? at(-10, -20, 0.9, headphones(g, withPhones, { stand: true }).body) : '') +
            line(arch, dark(c, 0.4), 50) +
            line(
                arch,
                g.lin(
                    [
                        [0, light(c, 0.45)],
                        [0.5, c],
                        [1, dark(c, 0.3)],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
                42,
            ) +
            line('M-92 -690C-70 -738 60 -740 88 -700', light(c, 0.7), 4, 'opacity="0.5"'),
        w: 0,
        h: 740,
        span: 400,
    };
}
