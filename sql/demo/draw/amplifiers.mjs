// Amplifiers and small boxes.
// Each drawer stands its thing on (0,0), the middle of its foot, and grows upwards; it answers
// { body, w, h, span } in picture pixels.
import { at, dark, disc, light, line, n, oval, path, rect, shadow } from './kit.mjs';
import { BRASS, RUBBER, block } from './parts.mjs';

function valve(g, x, y, s, glow = 1) {
    return at(
        x,
        y,
        s,
        disc(
            0,
            -110,
            190,
            g.rad([
                [0, '#ffb45a', 0.55 * glow],
                [0.5, '#ff9a3c', 0.2 * glow],
                [1, '#ff9a3c', 0],
            ]),
        ) +
            rect(-46, -34, 92, 38, g.round('#2a2523', 0.3), 6) +
            path(
                'M-54 -34V-190C-54 -236 -22 -262 0 -276C22 -262 54 -236 54 -190V-34z',
                g.lin(
                    [
                        [0, '#ffe9c4', 0.42],
                        [0.2, '#ffd79a', 0.3],
                        [0.6, '#a86a34', 0.34],
                        [1, '#4a2d1a', 0.6],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
            ) +
            rect(
                -28,
                -176,
                56,
                128,
                g.lin(
                    [
                        [0, '#4c4541'],
                        [0.5, '#26211f'],
                        [1, '#171413'],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
                6,
            ) +
            rect(
                -7,
                -170,
                14,
                116,
                g.lin([
                    [0, '#fff0b8'],
                    [0.5, '#ffb043'],
                    [1, '#ff7c22'],
                ]),
                7,
            ) +
            line('M-28 -132h56M-28 -92h56', '#77706a', 3) +
            disc(0, -205, 22, 'none', 'stroke="#6a625b" stroke-width="4"') +
            path(
                'M-48 -196C-46 -230 -20 -252 0 -264C14 -254 28 -246 38 -228C10 -244 -20 -232 -48 -196z',
                '#d9d4cb',
                'opacity="0.75"',
            ) +
            line('M-42 -180V-60', '#fffaf0', 6, 'opacity="0.75"'),
    );
}

export function valveamp(g) {
    const c = '#7b2f26';
    let body = shadow(g, 800, 0.17);
    for (const x of [-230, 0, 230]) {
        const w = 196;
        body +=
            block(g, x - w / 2 + 26, -450, w, 250, '#3a3533', {
                dx: 30,
                dy: 22,
                r: 12,
                front: rect(
                    x - w / 2 + 26,
                    -450,
                    w,
                    250,
                    g.lin(
                        [
                            [0, '#6a635e'],
                            [0.3, '#413b38'],
                            [1, '#1f1b1a'],
                        ],
                        0,
                        0,
                        1,
                        1,
                    ),
                    12,
                ),
            }) +
            rect(
                x - 34,
                -346,
                120,
                40,
                g.lin(
                    [
                        [0, '#efd9a0'],
                        [1, '#9a7430'],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
                4,
            ) +
            line(`M${x - 18} -326h88`, '#5a3c10', 4);
    }
    body += path(
        'M-390 -215L-340 -280H400L372 -215z',
        g.lin(
            [
                [0, light(c, 0.4)],
                [0.5, c],
                [1, dark(c, 0.3)],
            ],
            0,
            0,
            1,
            0.5,
        ),
    );
    for (const [x, s] of [
        [-270, 1],
        [-92, 0.82],
        [92, 0.82],
        [270, 1],
    ])
        body += valve(g, x, -216, s);
    body +=
        path('M372 -215L400 -280V-100L372 -30z', dark(c, 0.6)) +
        rect(
            -390,
            -218,
            764,
            190,
            g.lin([
                [0, light(c, 0.34)],
                [0.12, c],
                [1, dark(c, 0.4)],
            ]),
            10,
        ) +
        rect(
            -360,
            -190,
            704,
            134,
            g.lin(
                [
                    [0, '#f6e6bd'],
                    [0.5, '#d2a95c'],
                    [1, '#93702f'],
                ],
                0,
                0,
                1,
                1,
            ),
            8,
        );
    let brush = '';
    for (let i = 0; i < 34; i++) brush += `M-356 ${n(-186 + i * 3.8)}h696`;
    body += line(brush, '#fff6df', 1, 'opacity="0.35"');
    for (const x of [-230, 214])
        body +=
            disc(x + 6, -114, 56, '#1a0f08', 'opacity="0.35"') +
            disc(
                x,
                -122,
                54,
                g.lin(
                    [
                        [0, '#5a524d'],
                        [1, '#141110'],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
            ) +
            disc(x, -122, 44, g.flat('#2d2826', 0.2)) +
            line(`M${x} -158v22`, '#f6e6bd', 6);
    body +=
        rect(-90, -168, 170, 90, '#17120f', 8) +
        rect(
            -84,
            -162,
            158,
            78,
            g.rad(
                [
                    [0, '#fff1c4'],
                    [0.7, '#f3cf86'],
                    [1, '#c8934a'],
                ],
                0.5,
                0.9,
                0.9,
            ),
            5,
        ) +
        line('M-64 -106q60 -54 120 0', '#4a3116', 3) +
        line('M-4 -92L34 -148', '#b3261e', 4) +
        disc(128, -122, 9, '#ff8a3a') +
        disc(
            128,
            -122,
            24,
            g.rad([
                [0, '#ff9a3c', 0.6],
                [1, '#ff9a3c', 0],
            ]),
        );
    for (const x of [-330, 310]) body += rect(x - 34, -30, 68, 30, g.round(RUBBER, 0.3), 8);
    return { body, w: 0, h: 500, span: 820 };
}

export function integrated(g, c, { w = 800, h = 230, knobs = 3, meters = true } = {}) {
    const panel = (x, y, ww, hh) =>
        rect(
            x,
            y,
            ww,
            hh,
            g.lin(
                [
                    [0, light(c, 0.5)],
                    [0.3, light(c, 0.16)],
                    [0.55, c],
                    [1, dark(c, 0.34)],
                ],
                0,
                0,
                1,
                1,
            ),
            12,
        );
    let body = shadow(g, w, 0.17);
    for (const x of [-w * 0.4, w * 0.4]) body += rect(x - 42, -26, 84, 28, g.round(RUBBER, 0.3), 8);
    body += path(
        `M${-w / 2} ${-h}l60 -84h${w - 110}l50 84z`,
        g.lin(
            [
                [0, light(c, 0.2)],
                [1, dark(c, 0.25)],
            ],
            0,
            0,
            1,
            0.4,
        ),
    );
    let vents = '';
    for (let i = 0; i < 26; i++)
        vents += `M${n(-w * 0.3 + (i * w * 0.6) / 25)} ${-h - 62}l${n((i - 12.5) * 0.7)} 42`;
    body += line(vents, '#1a1412', 5, 'opacity="0.55"') + panel(-w / 2, -h, w, h - 22);
    let brush = '';
    for (let i = 0; i < 50; i++)
        brush += `M${-w / 2 + 6} ${n(-h + 4 + (i * (h - 30)) / 50)}h${w - 12}`;
    body +=
        line(brush, '#ffffff', 1, 'opacity="0.16"') +
        line(`M${-w / 2 + 8} ${-h + 3}H${w / 2 - 8}`, '#ffffff', 3, 'opacity="0.5"');
    const y = -h / 2 - 12;
    const knob = (x, r) =>
        disc(x + r * 0.12, y + r * 0.16, r * 1.08, '#1a0f08', 'opacity="0.35"') +
        disc(
            x,
            y,
            r,
            g.lin(
                [
                    [0, light(c, 0.75)],
                    [0.5, c],
                    [1, dark(c, 0.55)],
                ],
                0,
                0,
                1,
                1,
            ),
        ) +
        disc(
            x,
            y,
            r * 0.86,
            g.lin(
                [
                    [0, dark(c, 0.25)],
                    [0.5, light(c, 0.2)],
                    [1, light(c, 0.55)],
                ],
                0,
                0,
                1,
                1,
            ),
        ) +
        disc(x, y, r * 0.8, g.flat(c, 0.3)) +
        line(`M${x} ${n(y - r * 0.72)}v${n(r * 0.32)}`, '#c8553d', 6);
    body += knob(w * 0.34, h * 0.3);
    for (let k = 0; k < knobs - 1; k++) body += knob(w * (0.14 - k * 0.115), h * 0.12);
    if (meters)
        for (const x of [-w * 0.34, -w * 0.16])
            body +=
                rect(x - 66, y - 52, 132, 100, '#17120f', 8) +
                rect(
                    x - 60,
                    y - 46,
                    120,
                    88,
                    g.rad(
                        [
                            [0, '#fff3cf'],
                            [0.7, '#f1d596'],
                            [1, '#c9994f'],
                        ],
                        0.5,
                        0.95,
                        0.9,
                    ),
                    5,
                ) +
                line(`M${x - 46} ${y + 14}q46 -48 92 0`, '#4a3116', 3) +
                line(`M${x} ${y + 34}L${x + (x < -w * 0.25 ? -24 : 12)} ${y - 24}`, '#b3261e', 3.5);
    return { body, w: 0, h: h + 84, span: w };
}

export function box(g, c, { dac = false } = {}) {
    const w = dac ? 460 : 560;
    const h = dac ? 150 : 170;
    let body =
        shadow(g, w, 0.2) +
        path(
            `M${-w / 2} ${-h}l70 -120h${w - 130}l60 120z`,
            g.lin(
                [
                    [0, light(c, 0.45)],
                    [1, dark(c, 0.08)],
                ],
                0,
                0,
                1,
                0.5,
            ),
        ) +
        rect(
            -w / 2,
            -h,
            w,
            h - 10,
            g.lin([
                [0, light(c, 0.3)],
                [0.15, c],
                [1, dark(c, 0.42)],
            ]),
            14,
        ) +
        line(`M${-w / 2 + 10} ${-h + 3}H${w / 2 - 10}`, '#fff6e4', 3, 'opacity="0.6"');
    const y = -h / 2 - 4;
    if (dac)
        body +=
            disc(w * 0.3, y + 4, 52, '#1a0f08', 'opacity="0.35"') +
            disc(
                w * 0.3,
                y,
                48,
                g.lin(
                    [
                        [0, '#fbeecb'],
                        [0.5, BRASS],
                        [1, '#73521b'],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
            ) +
            disc(w * 0.3, y, 38, g.flat(BRASS, 0.28)) +
            line(`M${w * 0.3} ${y - 30}v14`, '#5a3c10', 5) +
            disc(-w * 0.33, y, 30, '#2a2422') +
            disc(-w * 0.33, y, 26, 'none', `stroke="${BRASS}" stroke-width="6"`) +
            disc(-w * 0.33, y, 12, '#0c0908') +
            [0, 1, 2]
                .map((k) => disc(-w * 0.12 + k * 36, y, 8, k === 1 ? '#8fe08a' : dark(c, 0.5)))
                .join('') +
            disc(
                -w * 0.12 + 36,
                y,
                24,
                g.rad([
                    [0, '#8fe08a', 0.6],
                    [1, '#8fe08a', 0],
                ]),
            );
    else
        body +=
            rect(-w * 0.4, y - 22, 120, 44, dark(c, 0.5), 22) +
            rect(-w * 0.4 + 62, y - 18, 54, 36, g.round('#ece5d8', 0.6), 18) +
            disc(w * 0.12, y, 10, '#7fd07a') +
            disc(
                w * 0.12,
                y,
                26,
                g.rad([
                    [0, '#7fd07a', 0.5],
                    [1, '#7fd07a', 0],
                ]),
            ) +
            line(
                `M${w * 0.22} ${y - 10}h${w * 0.18}M${w * 0.22} ${y + 10}h${w * 0.12}`,
                light(c, 0.55),
                5,
                'opacity="0.7"',
            );
    for (let k = 0; k < 4; k++)
        body +=
            oval(-w * 0.2 + k * w * 0.13, -h - 70, 22, 11, dark(c, 0.4)) +
            oval(
                -w * 0.2 + k * w * 0.13,
                -h - 76,
                18,
                8,
                g.round(k % 2 ? '#c8553d' : '#e8e2d6', 0.4),
            );
    return { body, w: 0, h: h + 120, span: w };
}
