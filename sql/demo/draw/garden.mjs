// Pots, plants and what waters them.
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
    mix,
    n,
    oval,
    path,
    rect,
    shadow,
    wood,
} from './kit.mjs';
import { BRASS, GREENS, block, speckles } from './parts.mjs';

export function pot(g, c, { w = 380, h = 330, saucer = true } = {}) {
    const d = `M${-w / 2} ${-h}L${-w * 0.36} -14Q0 16 ${w * 0.36} -14L${w / 2} ${-h}z`;
    return (
        shadow(g, w * 0.95, 0.24) +
        (saucer
            ? oval(0, -8, w * 0.52, w * 0.1, dark(c, 0.5)) +
              oval(
                  0,
                  -20,
                  w * 0.52,
                  w * 0.1,
                  g.lin(
                      [
                          [0, light(c, 0.35)],
                          [0.5, c],
                          [1, dark(c, 0.4)],
                      ],
                      0,
                      0,
                      1,
                      0,
                  ),
              )
            : '') +
        at(
            0,
            saucer ? -18 : 0,
            1,
            path(d, g.round(c, 0.4)) +
                speckles(g, `<path d="${d}"/>`, [-w / 2, -h, w, h], 60) +
                path(
                    `M${-w * 0.48} ${-h * 0.78}Q0 ${-h * 0.7} ${w * 0.48} ${-h * 0.78}L${w * 0.45} ${-h * 0.6}Q0 ${-h * 0.52} ${-w * 0.45} ${-h * 0.6}z`,
                    light(c, 0.5),
                    'opacity="0.22"',
                ) +
                rect(-w * 0.54, -h - 34, w * 1.08, 70, g.round(c, 0.5), 16) +
                oval(0, -h - 34, w * 0.53, w * 0.12, light(c, 0.35)) +
                oval(0, -h - 33, w * 0.48, w * 0.1, '#33231a') +
                oval(
                    0,
                    -h - 28,
                    w * 0.46,
                    w * 0.09,
                    g.lin([
                        [0, '#4d3626'],
                        [1, '#2a1b12'],
                    ]),
                ),
        )
    );
}

const leafPath = (l, w) =>
    `M0 0C${n(l * 0.25)} ${n(-w)} ${n(l * 0.75)} ${n(-w)} ${n(l)} 0C${n(l * 0.75)} ${n(w)} ${n(l * 0.25)} ${n(w)} 0 0z`;

const leafy = (g, x, y, l, w, turn, c) =>
    at(
        x,
        y,
        1,
        path(
            leafPath(l, w),
            g.lin([
                [0, light(c, 0.28)],
                [0.48, c],
                [0.52, dark(c, 0.14)],
                [1, dark(c, 0.32)],
            ]),
        ) + line(`M4 0H${n(l - 8)}`, light(c, 0.5), Math.max(2, w * 0.05), 'opacity="0.6"'),
        turn,
    );

export function foliage(g, kind) {
    let out = '';
    if (kind === 'snake') {
        for (let k = 0; k < 11; k++) {
            const i = (k * 4) % 11;
            const lean = (i - 5) * 5.2;
            const l = g.between(360, 600) - Math.abs(i - 5) * 24;
            const w = 46;
            const d = `M-22 0C${-w} ${n(-l * 0.4)} ${-w + 8} ${n(-l * 0.8)} 0 ${n(-l)}C${w - 8} ${n(-l * 0.8)} ${w} ${n(-l * 0.4)} 22 0z`;
            const c = GREENS[k % 3];
            let bands = '';
            for (let y = 30; y < l - 40; y += 34)
                bands += `M-40 ${-y}q20 ${n(g.between(-20, 4))} 40 0t40 0`;
            out += at(
                (i - 5) * 15,
                0,
                1,
                path(
                    d,
                    g.lin(
                        [
                            [0, '#d9c76a'],
                            [0.16, '#d9c76a'],
                            [0.2, c],
                            [0.8, dark(c, 0.25)],
                            [0.84, '#c2ad4e'],
                            [1, '#c2ad4e'],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ) +
                    clipped(
                        g.clip(`<path d="${d}"/>`),
                        line(bands, light(c, 0.45), 7, 'opacity="0.4"'),
                    ),
                lean,
            );
        }
    } else if (kind === 'monstera') {
        const leaf = (x, y, s, turn, c) => {
            const d =
                'M0 0C-150 -20 -190 -150 -150 -230L-96 -196L-130 -262C-90 -320 -40 -345 0 -372C40 -345 96 -320 136 -256L92 -206L152 -226C190 -150 150 -20 0 0zM-156 -150L-60 -120L-168 -110zM156 -140L60 -116L160 -96z';
            return at(
                x,
                y,
                s,
                path(
                    d,
                    g.lin(
                        [
                            [0, light(c, 0.32)],
                            [0.5, c],
                            [1, dark(c, 0.4)],
                        ],
                        0,
                        0,
                        1,
                        1,
                    ),
                    'fill-rule="evenodd"',
                ) +
                    line(
                        'M0 -6V-350M0 -90L-110 -70M0 -90L110 -70M0 -150L-130 -190M0 -150L128 -188M0 -220L-70 -300M0 -220L70 -296',
                        light(c, 0.45),
                        5,
                        'opacity="0.55"',
                    ),
                turn,
            );
        };
        for (const [x, y, s, t, k] of [
            [-60, -330, 0.8, -48, 2],
            [90, -360, 0.86, 40, 0],
            [-150, -170, 0.82, -78, 1],
            [170, -190, 0.8, 74, 3],
            [10, -380, 0.9, -6, 1],
            [-40, -210, 0.78, -30, 3],
            [90, -170, 0.72, 36, 1],
        ])
            out +=
                line(`M0 0Q${n(x * 0.3)} ${n(y * 0.6)} ${x} ${y}`, '#4f7a3f', 11) +
                leaf(x, y, s, t, GREENS[k]);
    } else if (kind === 'fern') {
        for (let k = 0; k < 15; k++) {
            const a = -88 + (((k * 7) % 15) - 7) * 12.5;
            const L = g.between(330, 460);
            const r = a / 57.3;
            const ex = Math.cos(r) * L;
            const ey = Math.sin(r) * L + Math.abs(Math.cos(r)) * 130;
            const c = GREENS[k % 4];
            let left = '';
            for (let t = 0.12; t < 1; t += 0.055) {
                const bx = 2 * (1 - t) * t * ex * 0.45 + t * t * ex;
                const by = 2 * (1 - t) * t * (ey * 0.95 - 60) + t * t * ey;
                const s = (1 - t) * 66 + 12;
                const ta = Math.atan2(ey, ex) * 57.3;
                for (const q of [-58, 58])
                    left += `<path transform="translate(${n(bx)} ${n(by)}) rotate(${n(ta + q)})" d="${leafPath(s, s * 0.2)}"/>`;
            }
            out +=
                line(
                    `M0 0Q${n(ex * 0.45)} ${n(ey * 0.95 - 60)} ${n(ex)} ${n(ey)}`,
                    dark(c, 0.2),
                    5,
                ) + `<g fill="${mix(c, '#8fbf5f', g.between(0, 0.35))}">${left}</g>`;
        }
    } else if (kind === 'trail') {
        for (let k = 0; k < 9; k++) {
            const x = (k - 4) * 62;
            const d = `M${n((k - 4) * 20)} 0C${n(x)} -120 ${n(x * 1.2)} ${n(g.between(-20, 60))} ${n(x * 1.15)} ${n(g.between(140, 330))}`;
            out += line(d, '#4f7a3f', 5);
            for (let t = 0; t < 8; t++) {
                const y = -70 + t * 42;
                if (Math.abs(k - 4) * 30 + 40 < y - 120) break;
                out += leafy(
                    g,
                    x * (0.7 + t * 0.06),
                    y,
                    74,
                    26,
                    g.between(20, 160),
                    GREENS[(k + t) % 4],
                );
            }
        }
        for (let k = 0; k < 16; k++)
            out += leafy(g, (k - 8) * 12, -10, 120, 38, -168 + k * 10, GREENS[k % 4]);
    } else if (kind === 'herb') {
        for (let k = 0; k < 9; k++) {
            const x = (k - 4) * 30;
            const h = g.between(170, 300);
            const lean = (k - 4) * 12;
            out += line(`M${x * 0.6} 0Q${x} ${-h * 0.5} ${x + lean} ${n(-h)}`, '#4f7a3f', 7);
            for (let t = 0.3; t <= 1; t += 0.14)
                for (const q of [-1, 1])
                    out += leafy(
                        g,
                        x * 0.8 + lean * t,
                        -h * t,
                        92 * (1.2 - t * 0.4),
                        30,
                        q > 0 ? -28 : -152,
                        GREENS[(k + Math.round(t * 9)) % 4],
                    );
            out += leafy(g, x + lean, -h + 8, 70, 26, -90, GREENS[3]);
        }
    } else if (kind === 'orchid') {
        out +=
            leafy(g, 0, 0, 260, 52, -150, GREENS[0]) +
            leafy(g, 0, 0, 270, 54, -28, GREENS[1]) +
            leafy(g, 0, 0, 200, 46, -110, GREENS[2]) +
            line('M0 0C-40 -260 40 -470 250 -500M10 0C60 -200 20 -360 -170 -420', '#56763e', 9);
        const flower = (x, y, s, t) =>
            at(
                x,
                y,
                s,
                [-90, -18, 54, 126, 198]
                    .map((a, k) =>
                        path(
                            leafPath(92, k % 2 ? 44 : 36),
                            g.lin(
                                [
                                    [0, '#fff3f6'],
                                    [1, '#d987a8'],
                                ],
                                0,
                                0,
                                1,
                                0,
                            ),
                            `transform="rotate(${a})"`,
                        ),
                    )
                    .join('') +
                    disc(0, 4, 22, g.ball('#b8345f', 0.5)) +
                    disc(0, 10, 8, '#f2c14e'),
                t,
            );
        for (const [x, y, s, t] of [
            [30, -380, 0.8, 0],
            [110, -460, 0.92, 20],
            [190, -490, 0.86, -14],
            [262, -492, 0.66, 30],
            [-50, -360, 0.78, -20],
            [-130, -410, 0.8, 14],
            [-190, -424, 0.56, 0],
        ])
            out += flower(x, y, s, t);
    }
    return out;
}

export function plantPot(g, c, kind, { w = 380, h = 300, empty = false } = {}) {
    const p = pot(g, c, { w, h });
    return {
        body:
            kind === 'trail' || empty
                ? p + (empty ? '' : at(0, -h - 50, 1, foliage(g, kind)))
                : p + at(0, -h - 44, 1, foliage(g, kind)),
        w: 0,
        h: empty
            ? h + 60
            : h +
              44 +
              { snake: 600, monstera: 680, fern: 440, trail: 130, herb: 340, orchid: 560 }[kind],
        span: empty
            ? w * 1.1
            : { snake: 480, monstera: 720, fern: 780, trail: 640, herb: 480, orchid: 620 }[kind],
    };
}

export function wateringcan(g, c) {
    const d = 'M-210 -330L-190 -20Q0 20 170 -20L190 -330z';
    return {
        body:
            shadow(g, 460, 0.22) +
            line('M150 -110C260 -130 270 -330 400 -470', dark(c, 0.45), 62) +
            line(
                'M150 -114C256 -136 266 -330 396 -470',
                g.lin(
                    [
                        [0, c],
                        [0.5, light(c, 0.3)],
                        [1, dark(c, 0.3)],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
                48,
            ) +
            at(
                412,
                -488,
                1,
                path('M-54 30L-74 -40Q0 -74 74 -40L54 30z', g.round(c, 0.5)) +
                    oval(0, -44, 76, 26, light(c, 0.45)) +
                    [-44, -22, 0, 22, 44]
                        .map(
                            (x) =>
                                disc(x, -44, 5, dark(c, 0.6)) + disc(x * 0.7, -54, 4, dark(c, 0.6)),
                        )
                        .join(''),
                40,
            ) +
            line('M-190 -290C-370 -330 -370 -90 -186 -90', dark(c, 0.45), 36) +
            line('M-190 -290C-362 -326 -362 -96 -186 -94', light(c, 0.1), 25) +
            path(d, g.round(c, 0.45)) +
            line(
                'M-206 -276Q0 -236 190 -276M-196 -70Q0 -34 180 -70',
                dark(c, 0.4),
                7,
                'opacity="0.5"',
            ) +
            line('M-206 -282Q0 -242 190 -282', light(c, 0.6), 4, 'opacity="0.6"') +
            oval(-10, -330, 200, 48, light(c, 0.4)) +
            oval(
                -10,
                -328,
                186,
                40,
                g.lin(
                    [
                        [0, dark(c, 0.6)],
                        [1, dark(c, 0.2)],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
            ) +
            path(
                'M-208 -340C-150 -400 130 -400 190 -336C120 -364 -140 -366 -208 -340z',
                g.round(c, 0.5),
            ) +
            line('M-130 -380C-110 -540 130 -540 110 -380', dark(c, 0.45), 28) +
            line('M-130 -382C-110 -536 130 -536 110 -382', light(c, 0.2), 19),
        w: 0,
        h: 560,
        span: 840,
    };
}

export function chime(g) {
    const bell = (x, y, s) =>
        at(
            x,
            y,
            s,
            line('M0 -170V-90', '#3a2c18', 5) +
                path('M-54 0C-54 -70 -34 -98 0 -104C34 -98 54 -70 54 0z', g.round(BRASS, 0.7)) +
                oval(0, 0, 60, 15, '#6d4d18') +
                oval(
                    0,
                    -3,
                    60,
                    14,
                    g.lin(
                        [
                            [0, '#f6e2b4'],
                            [1, '#8a6426'],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ) +
                oval(0, -1, 48, 9, '#3f2c0e') +
                line('M0 0V44', '#3a2c18', 5) +
                path(
                    'M0 34C46 60 42 120 0 150C-42 120 -46 60 0 34z',
                    g.lin(
                        [
                            [0, '#f3dca6'],
                            [0.5, BRASS],
                            [1, '#8a6426'],
                        ],
                        0,
                        0,
                        1,
                        0,
                    ),
                ) +
                line('M0 44V140', '#7e5a20', 3),
        );
    return {
        body:
            line('M0 -1200V-720', '#3a2c18', 6) +
            wood(g, -300, -720, 600, 46, WOODS.teak, { r: 22 }) +
            rect(
                -300,
                -720,
                600,
                46,
                g.lin([
                    [0, '#fff6e4', 0.3],
                    [0.5, '#fff6e4', 0],
                    [1, '#1a0f08', 0.4],
                ]),
                22,
            ) +
            line('M-280 -716L0 -860L280 -716', '#3a2c18', 6) +
            bell(-240, -430, 1.05) +
            bell(-80, -320, 1.2) +
            bell(90, -370, 1.1) +
            bell(240, -270, 1.16) +
            line('M-240 -690V-600M-80 -690V-520M90 -690V-550M240 -690V-460', '#3a2c18', 5),
        w: 0,
        h: 820,
        span: 700,
        hangs: true,
    };
}

export function planter(g, c) {
    let body = shadow(g, 760, 0.16);
    body +=
        at(-220, -120, 0.92, foliage(g, 'herb')) +
        at(0, -120, 1, foliage(g, 'herb')) +
        at(225, -120, 0.86, foliage(g, 'herb')) +
        block(g, -380, -230, 760, 230, c, { dx: 30, dy: 34 });
    for (let k = 1; k < 3; k++)
        body +=
            line(`M-378 ${-230 + k * 73}H378`, dark(c, 0.5), 5, 'opacity="0.6"') +
            line(`M-378 ${-226 + k * 73}H378`, light(c, 0.4), 2, 'opacity="0.6"');
    for (const x of [-220, 0, 225])
        body +=
            line(`M${x} -210v70`, '#3a2c18', 6) +
            rect(x - 52, -196, 104, 74, g.flat('#efe6d3', 0.1), 6) +
            line(`M${x - 32} -170h64M${x - 32} -148h40`, '#5a6b4a', 6);
    return { body, w: 0, h: 560, span: 820 };
}
