// Lamps: a lit one brings its own glow.
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
} from './kit.mjs';
import { BRASS, glow } from './parts.mjs';

export function lantern(g, tall = true) {
    const h = tall ? 640 : 420;
    const w = tall ? 330 : 380;
    const y = tall ? -150 : -70;
    const d = `M${-w * 0.28} ${y}C${-w * 0.62} ${y - h * 0.2} ${-w * 0.62} ${y - h * 0.8} ${-w * 0.28} ${y - h}H${w * 0.28}C${w * 0.62} ${y - h * 0.8} ${w * 0.62} ${y - h * 0.2} ${w * 0.28} ${y}z`;
    let ribs = '';
    for (let k = 1; k < 17; k++) {
        const yy = y - (h * k) / 17;
        ribs += `M${-w} ${n(yy)}q${w} ${n(26 - k * 1.2)} ${2 * w} 0`;
    }
    let body =
        glow(g, 0, y - h / 2, h * 0.86, 0.6) +
        shadow(g, 260, 0.24, 0.8) +
        oval(0, -14, 130, 30, '#2d1d13') +
        oval(0, -24, 128, 28, g.flat(WOODS.dark, 0.25)) +
        line(`M-70 -24L-46 ${y + 10}M70 -24L46 ${y + 10}M0 -14V${y + 10}`, '#3b2718', 13);
    body +=
        path(
            d,
            g.rad(
                [
                    [0, '#fffbe8'],
                    [0.35, '#ffeab6'],
                    [0.7, '#f6c878'],
                    [1, '#d99a4e'],
                ],
                0.48,
                0.55,
                0.66,
            ),
        ) +
        clipped(
            g.clip(`<path d="${d}"/>`),
            line(ribs, '#b5762f', 3, 'opacity="0.45"') +
                line(ribs, '#fffbe8', 2, 'opacity="0.6" transform="translate(0 3)"') +
                path(
                    d,
                    g.lin(
                        [
                            [0, '#fff', 0.25],
                            [0.5, '#fff', 0],
                            [1, '#8a4d1c', 0.3],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ),
        );
    body +=
        rect(-w * 0.3, y - h - 14, w * 0.6, 20, '#3b2718', 6) +
        rect(-w * 0.3, y - 6, w * 0.6, 18, '#3b2718', 6);
    return { body, w: 0, h: -y + h + 20, span: w * 1.3 };
}

export function mushroom(g, c) {
    const cap =
        'M-300 -400C-300 -590 -150 -680 0 -680C150 -680 300 -590 300 -400C300 -372 -300 -372 -300 -400z';
    return {
        body:
            glow(g, 0, -330, 470, 0.55) +
            shadow(g, 330, 0.24) +
            oval(0, -16, 150, 38, dark(c, 0.45)) +
            path(
                'M-150 -22C-150 -60 -66 -70 -60 -150C-54 -260 -70 -330 -84 -384H84C70 -330 54 -260 60 -150C66 -70 150 -60 150 -22C150 20 -150 20 -150 -22z',
                g.round(c, 0.4),
            ) +
            path(
                'M-84 -384H84C76 -350 66 -310 62 -262H-62C-66 -310 -76 -350 -84 -384z',
                g.lin([
                    [0, '#ffe2a3', 0.95],
                    [1, '#ffe2a3', 0],
                ]),
            ) +
            oval(0, -392, 300, 44, '#8a5a2a') +
            oval(
                0,
                -390,
                288,
                38,
                g.rad([
                    [0, '#fffdf0'],
                    [0.4, '#ffedbb'],
                    [1, '#eebb6b'],
                ]),
            ) +
            path(
                cap,
                g.rad(
                    [
                        [0, light(c, 0.62)],
                        [0.3, light(c, 0.22)],
                        [0.62, c],
                        [1, dark(c, 0.42)],
                    ],
                    0.5,
                    0.6,
                    0.72,
                    0.3,
                    0.2,
                ),
            ) +
            path(
                'M-300 -400C-300 -372 300 -372 300 -400C298 -380 296 -392 290 -410C200 -384 -200 -384 -290 -410C-296 -392 -298 -380 -300 -400z',
                g.lin(
                    [
                        [0, dark(c, 0.3)],
                        [0.5, '#ffdf9c'],
                        [1, dark(c, 0.4)],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
            ) +
            path(
                'M-240 -470C-220 -560 -150 -622 -70 -642C-130 -600 -180 -540 -196 -470z',
                '#fffaf0',
                'opacity="0.34"',
            ) +
            disc(0, -684, 15, g.ball(BRASS, 0.7)),
        w: 0,
        h: 700,
        span: 620,
    };
}

export function pendant(g, size = 1) {
    const d =
        'M-70 -520C-290 -480 -360 -270 -340 -90C-300 -50 300 -50 340 -90C360 -270 290 -480 70 -520z';
    const c = WOODS.bamboo;
    let a = '';
    let b = '';
    for (let k = -13; k <= 13; k++) {
        a += `M${k * 7} -520C${k * 24} -420 ${k * 30} -240 ${k * 27} -60`;
        b +=
            k % 2
                ? ''
                : `M${k * 6} -520C${k * 20 + 90} -400 ${k * 26 + 110} -240 ${k * 26 + 70} -60M${k * 6} -520C${k * 20 - 90} -400 ${k * 26 - 110} -240 ${k * 26 - 70} -60`;
    }
    let hoops = '';
    for (const [y, w] of [
        [-500, 150],
        [-400, 262],
        [-290, 325],
        [-180, 345],
        [-90, 340],
    ])
        hoops += `M${-w} ${y}q${w} 46 ${2 * w} 0`;
    const s = size;
    return {
        body:
            at(
                0,
                -130,
                s,
                glow(g, 0, -200, 540, 0.6) +
                    line('M0 -1200V-520', '#2b211b', 7) +
                    rect(-36, -560, 72, 46, g.round(BRASS, 0.7), 8) +
                    path(
                        d,
                        g.rad(
                            [
                                [0, '#fff3c4'],
                                [0.4, '#f8d68d'],
                                [1, '#c2863d'],
                            ],
                            0.5,
                            0.75,
                            0.75,
                        ),
                    ) +
                    clipped(
                        g.clip(`<path d="${d}"/>`),
                        line(b, dark(c, 0.35), 4, 'opacity="0.7"') +
                            line(a, dark(c, 0.45), 8, 'opacity="0.55"') +
                            line(a, light(c, 0.35), 5) +
                            line(hoops, dark(c, 0.45), 15) +
                            line(hoops, light(c, 0.2), 10) +
                            path(
                                d,
                                g.lin(
                                    [
                                        [0, '#fff6e4', 0.3],
                                        [0.4, '#fff6e4', 0],
                                        [1, '#3b1d08', 0.42],
                                    ],
                                    0,
                                    0,
                                    1,
                                    0,
                                ),
                            ),
                    ) +
                    oval(0, -88, 336, 34, 'none', `stroke="${dark(c, 0.5)}" stroke-width="12"`) +
                    oval(0, -92, 336, 34, 'none', `stroke="${light(c, 0.3)}" stroke-width="7"`),
            ) +
            oval(
                20,
                20,
                380 * s,
                46 * s,
                g.rad([
                    [0, '#ffdf9c', 0.7],
                    [1, '#ffdf9c', 0],
                ]),
            ),
        w: 0,
        h: 760,
        span: 760,
        hangs: true,
    };
}

export function desklamp(g, c) {
    const arm = 'M-150 -50L-240 -420L60 -650';
    return {
        body:
            path(
                'M40 -560L-40 -10H520L300 -480z',
                g.lin([
                    [0, '#ffe2a3', 0.75],
                    [1, '#ffe2a3', 0.05],
                ]),
            ) +
            shadow(g, 400, 0.2) +
            oval(-150, -20, 170, 44, dark(c, 0.5)) +
            oval(
                -150,
                -40,
                170,
                44,
                g.lin(
                    [
                        [0, light(c, 0.5)],
                        [0.5, c],
                        [1, dark(c, 0.3)],
                    ],
                    0,
                    0,
                    1,
                    0.4,
                ),
            ) +
            line(arm, '#3a2c18', 24) +
            line(
                arm,
                g.lin(
                    [
                        [0, '#f3dca6'],
                        [0.5, BRASS],
                        [1, '#73521b'],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
                19,
            ) +
            line('M-154 -60L-244 -416L50 -644', '#fff4d8', 5, 'opacity="0.8"') +
            disc(-240, -420, 34, g.ball(BRASS, 0.7)) +
            disc(-240, -420, 13, '#5a3c10') +
            disc(60, -650, 30, g.ball(BRASS, 0.7)) +
            glow(g, 170, -500, 260, 0.7) +
            at(
                150,
                -560,
                1,
                oval(
                    20,
                    112,
                    176,
                    50,
                    g.rad([
                        [0, '#fffdf0'],
                        [0.5, '#ffe9b0'],
                        [1, '#d99a4e'],
                    ]),
                ) +
                    path(
                        'M-50 -120C-70 -40 -140 30 -156 108C-120 150 160 150 196 112C180 30 110 -40 90 -124C60 -150 -30 -146 -50 -120z',
                        g.round(c, 0.5),
                    ) +
                    path(
                        'M-156 108C-120 150 160 150 196 112C190 100 184 96 184 96C140 126 -100 124 -148 92z',
                        dark(c, 0.35),
                    ) +
                    rect(-20, -176, 76, 52, g.round(BRASS, 0.7), 10),
                -24,
            ),
        w: 0,
        h: 760,
        span: 720,
    };
}
