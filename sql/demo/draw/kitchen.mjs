// Kitchen tools.
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
import { GREENS, speckles } from './parts.mjs';

export function phin(g, metal = '#c9c5bc', s = 1) {
    const glass = 'M-130 -250L-112 -14Q0 14 112 -14L130 -250z';
    const m = (x, y, w, h, r) =>
        rect(
            x,
            y,
            w,
            h,
            g.lin(
                [
                    [0, dark(metal, 0.35)],
                    [0.12, light(metal, 0.1)],
                    [0.28, light(metal, 0.9)],
                    [0.5, metal],
                    [0.8, dark(metal, 0.45)],
                    [1, dark(metal, 0.15)],
                ],
                0,
                0,
                1,
                0,
            ),
            r,
        );
    return {
        body: at(
            0,
            0,
            s,
            shadow(g, 300, 0.24) +
                path(
                    glass,
                    g.lin(
                        [
                            [0, '#ffffff', 0.6],
                            [0.3, '#ffffff', 0.2],
                            [1, '#8fa0a0', 0.4],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ) +
                path(
                    'M-122 -150L-112 -20Q0 10 112 -20L122 -150z',
                    g.lin(
                        [
                            [0, '#5c2f14'],
                            [0.3, '#3a1b0b'],
                            [1, '#1d0c05'],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ) +
                path(
                    'M-115 -62L-112 -20Q0 10 112 -20L115 -62Q0 -44 -115 -62z',
                    g.lin(
                        [
                            [0, '#fff3dc'],
                            [1, '#e2c79c'],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ) +
                oval(0, -150, 122, 20, '#6b3a1a') +
                line('M-110 -236L-96 -40', '#ffffff', 9, 'opacity="0.6"') +
                oval(0, -250, 130, 26, 'none', 'stroke="#ffffff" stroke-width="5" opacity="0.8"') +
                line('M0 -252V-160', '#3a1b0b', 5) +
                oval(0, -258, 212, 36, dark(metal, 0.5)) +
                oval(
                    0,
                    -268,
                    212,
                    36,
                    g.lin(
                        [
                            [0, light(metal, 0.85)],
                            [0.5, metal],
                            [1, dark(metal, 0.35)],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ) +
                m(-122, -470, 244, 200, 6) +
                oval(0, -270, 122, 20, dark(metal, 0.2), 'opacity="0.5"') +
                line(
                    'M-122 -440q122 26 244 0M-122 -300q122 26 244 0',
                    dark(metal, 0.5),
                    3,
                    'opacity="0.5"',
                ) +
                line('M120 -420C210 -430 210 -310 122 -320', dark(metal, 0.5), 17) +
                line('M120 -420C206 -428 206 -312 122 -322', light(metal, 0.4), 10) +
                oval(0, -470, 122, 24, dark(metal, 0.3)) +
                oval(0, -484, 136, 28, dark(metal, 0.4)) +
                oval(
                    0,
                    -492,
                    136,
                    27,
                    g.lin(
                        [
                            [0, light(metal, 0.9)],
                            [0.5, metal],
                            [1, dark(metal, 0.3)],
                        ],
                        0,
                        0,
                        1,
                        0.2,
                    ),
                ) +
                oval(0, -504, 40, 12, dark(metal, 0.3)) +
                disc(0, -520, 22, g.ball(metal, 0.9)) +
                line(
                    'M-20 -560c-30 -40 30 -64 0 -110M26 -570c-24 -34 24 -54 0 -94',
                    '#ffffff',
                    10,
                    'opacity="0.45"',
                ),
        ),
        w: 0,
        h: 600 * s,
        span: 470 * s,
    };
}

export function mortar(g, s = 1) {
    const c = '#7d7a75';
    const d =
        'M-270 -340C-262 -160 -190 -100 -150 -70L-180 -10Q0 26 180 -10L150 -70C190 -100 262 -160 270 -340z';
    const leaf = (x, y, t, col) =>
        at(
            x,
            y,
            1,
            path('M0 0C40 -40 90 -40 120 0C90 34 40 34 0 0z', g.flat(col, 0.25)) +
                line('M8 0H108', light(col, 0.5), 3, 'opacity="0.7"'),
            t,
        );
    return {
        body: at(
            0,
            0,
            s,
            shadow(g, 420, 0.24) +
                path(d, g.round(c, 0.3)) +
                speckles(g, `<path d="${d}"/>`, [-270, -340, 540, 340], 380, '#efeae0') +
                speckles(g, `<path d="${d}"/>`, [-270, -340, 540, 340], 260, '#2a2724') +
                oval(0, -340, 270, 72, light(c, 0.3)) +
                oval(
                    0,
                    -336,
                    220,
                    54,
                    g.lin(
                        [
                            [0, '#332f2c'],
                            [1, '#6b6762'],
                        ],
                        0,
                        0,
                        1,
                        1,
                    ),
                ) +
                leaf(-150, -346, -30, '#5f9a48') +
                leaf(-40, -322, 10, '#6fae54') +
                line('M-120 -316C-70 -380 -20 -350 10 -330', '#c3281c', 22) +
                line('M-116 -322C-70 -378 -24 -356 0 -338', '#ff8a6a', 6) +
                line('M70 -310C100 -350 130 -340 160 -352', '#c3281c', 20) +
                line('M40 -322L280 -640', '#4f4b47', 92) +
                line(
                    'M40 -322L280 -640',
                    g.lin(
                        [
                            [0, light(c, 0.35)],
                            [0.5, c],
                            [1, dark(c, 0.4)],
                        ],
                        0,
                        0,
                        1,
                        0.7,
                    ),
                    84,
                ) +
                line('M22 -346L250 -648', '#efeae0', 8, 'opacity="0.35"') +
                path(
                    'M-270 -340A270 72 0 0 0 270 -340L220 -336A220 54 0 0 1 -220 -336z',
                    g.lin(
                        [
                            [0, light(c, 0.45)],
                            [0.5, light(c, 0.22)],
                            [1, dark(c, 0.15)],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ),
        ),
        w: 0,
        h: 690 * s,
        span: 600 * s,
    };
}

export function steamer(g, s = 1) {
    const c = WOODS.bamboo;
    const ring = (y, h) => {
        let slats = '';
        for (let k = 0; k < 26; k++) slats += `M${n(-330 + k * 26.4)} ${y + 6}v${h + 20}`;
        const d = `M-330 ${y}V${y + h}A330 84 0 0 0 330 ${y + h}V${y}z`;
        return (
            path(
                d,
                g.lin(
                    [
                        [0, dark(c, 0.3)],
                        [0.25, light(c, 0.4)],
                        [0.55, c],
                        [1, dark(c, 0.5)],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
            ) +
            clipped(
                g.clip(`<path d="${d}"/>`),
                line(slats, dark(c, 0.4), 1.5, 'opacity="0.35"') +
                    line(
                        `M-330 ${y + h * 0.26}A330 84 0 0 0 330 ${y + h * 0.26}M-330 ${y + h * 0.78}A330 84 0 0 0 330 ${y + h * 0.78}`,
                        dark(c, 0.45),
                        5,
                        'opacity="0.6"',
                    ) +
                    [-210, 0, 210]
                        .map((x) =>
                            line(
                                `M${x - 12} ${y + 70}l0 ${h * 0.44}M${x + 12} ${y + 74}l0 ${h * 0.44}`,
                                dark(c, 0.5),
                                8,
                            ),
                        )
                        .join(''),
            ) +
            line(`M-330 ${y}A330 84 0 0 0 330 ${y}`, light(c, 0.6), 4, 'opacity="0.7"')
        );
    };
    let weaveLines = '';
    for (let k = -12; k <= 12; k++)
        weaveLines += `M${k * 27} ${-440}l${k * 4} 150M${-340} ${n(-366 + k * 6.6)}h680`;
    return {
        body: at(
            0,
            0,
            s,
            shadow(g, 620, 0.2) +
                ring(-150, 122) +
                ring(-290, 122) +
                ring(-350, 50) +
                clipped(
                    g.clip('<ellipse cx="0" cy="-362" rx="330" ry="86"/>'),
                    oval(
                        0,
                        -362,
                        330,
                        86,
                        g.lin(
                            [
                                [0, light(c, 0.5)],
                                [0.5, c],
                                [1, dark(c, 0.25)],
                            ],
                            0,
                            0,
                            1,
                            0.5,
                        ),
                    ) +
                        line(weaveLines, dark(c, 0.4), 5, 'opacity="0.4"') +
                        line(weaveLines, light(c, 0.6), 2, 'opacity="0.7"'),
                ) +
                oval(0, -362, 326, 83, 'none', `stroke="${dark(c, 0.3)}" stroke-width="12"`) +
                oval(0, -365, 326, 83, 'none', `stroke="${light(c, 0.35)}" stroke-width="7"`) +
                line('M-50 -392Q0 -440 50 -392', dark(c, 0.5), 18) +
                line('M-50 -396Q0 -444 50 -396', light(c, 0.2), 12) +
                line(
                    'M-90 -480c-34 -46 34 -70 0 -124M40 -500c-30 -42 30 -64 0 -116M140 -470c-24 -36 24 -54 0 -96',
                    '#ffffff',
                    12,
                    'opacity="0.42"',
                ),
        ),
        w: 0,
        h: 620 * s,
        span: 700 * s,
    };
}

export function board(g, c, { food = true } = {}) {
    const d =
        'M-330 -560C-330 -600 -300 -620 -260 -620H200C240 -620 260 -600 260 -560V-90C260 -50 240 -30 200 -30H-260C-300 -30 -330 -50 -330 -90z';
    const lime = (x, y, r) =>
        disc(x + 8, y + 8, r, '#2a1a10', 'opacity="0.3"') +
        disc(x, y, r, '#4f8a35') +
        disc(x, y, r * 0.9, '#eef3c6') +
        disc(
            x,
            y,
            r * 0.8,
            g.rad([
                [0, '#dcea9a'],
                [1, '#a9ca5a'],
            ]),
        ) +
        [0, 45, 90, 135]
            .map((a) =>
                line(
                    `M${n(x - Math.cos(a / 57.3) * r * 0.78)} ${n(y - Math.sin(a / 57.3) * r * 0.78)}L${n(x + Math.cos(a / 57.3) * r * 0.78)} ${n(y + Math.sin(a / 57.3) * r * 0.78)}`,
                    '#f4f7d8',
                    4,
                ),
            )
            .join('');
    const clip = g.clip(`<path d="${d}"/>`);
    return {
        body: at(
            30,
            0,
            1,
            path(d, '#2a1a10', 'opacity="0.2" transform="translate(24 26)"') +
                path(d, '#2a1a10', 'opacity="0.3" transform="translate(9 14)"') +
                path(d, dark(c, 0.5), 'transform="translate(4 9)"') +
                clipped(
                    clip,
                    wood(g, -340, -630, 200, 610, c, { upright: true }) +
                        wood(g, -140, -630, 210, 610, light(c, 0.08), { upright: true }) +
                        wood(g, 70, -630, 200, 610, dark(c, 0.06), { upright: true }),
                ) +
                rect(230, -360, 170, 76, dark(c, 0.5), 36, 'transform="translate(4 9)"') +
                wood(g, 230, -360, 170, 76, c, { r: 36 }) +
                disc(360, -322, 17, '#3b2415') +
                line(
                    'M356 -318C420 -230 440 -200 400 -150C380 -120 410 -100 420 -60',
                    '#8a5a34',
                    9,
                ) +
                (food
                    ? lime(-180, -430, 74) +
                      lime(-60, -300, 62) +
                      at(
                          70,
                          -470,
                          1,
                          line(
                              'M-60 60C-20 -30 50 -60 110 -60',
                              '#1a0f08',
                              30,
                              'opacity="0.25" transform="translate(8 10)"',
                          ) +
                              line('M-60 60C-20 -30 50 -60 110 -60', '#c3281c', 30) +
                              line(
                                  'M-54 46C-20 -32 46 -66 100 -68',
                                  '#ff9a7a',
                                  7,
                                  'opacity="0.8"',
                              ) +
                              line('M108 -60q20 -6 30 -26', '#4f7a35', 12),
                      ) +
                      at(
                          30,
                          -180,
                          1,
                          [0, 1, 2, 3, 4]
                              .map((k) =>
                                  path(
                                      'M0 0C26 -34 70 -34 96 0C70 26 26 26 0 0z',
                                      g.flat(GREENS[k % 4], 0.3),
                                      `transform="rotate(${-50 + k * 34})"`,
                                  ),
                              )
                              .join(''),
                      )
                    : ''),
        ),
        w: 0,
        h: 640,
        span: 760,
    };
}
