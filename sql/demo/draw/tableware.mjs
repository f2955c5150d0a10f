// Cups, bowls and plates.
// Each drawer stands its thing on (0,0), the middle of its foot, and grows upwards; it answers
// { body, w, h, span } in picture pixels.
import { at, dark, disc, light, line, mix, n, oval, path, rect, shadow } from './kit.mjs';
import { BRASS, crackle, speckles } from './parts.mjs';

export function cup(
    g,
    c,
    { w = 150, h = 130, tea = '#8a4a1c', handle = false, steam = false } = {},
) {
    const d = `M${-w / 2} ${-h}C${-w / 2} ${-h * 0.3} ${-w * 0.4} ${-6} ${-w * 0.24} 0H${w * 0.24}C${w * 0.4} -6 ${w / 2} ${-h * 0.3} ${w / 2} ${-h}z`;
    return (
        shadow(g, w * 0.95, 0.28) +
        (handle
            ? line(
                  `M${w * 0.46} ${-h * 0.8}C${w * 0.86} ${-h * 0.86} ${w * 0.8} ${-h * 0.26} ${w * 0.38} ${-h * 0.3}`,
                  dark(c, 0.35),
                  22,
              ) +
              line(
                  `M${w * 0.46} ${-h * 0.8}C${w * 0.86} ${-h * 0.86} ${w * 0.8} ${-h * 0.26} ${w * 0.38} ${-h * 0.3}`,
                  c,
                  16,
              )
            : '') +
        path(d, g.round(c, 0.45)) +
        speckles(g, `<path d="${d}"/>`, [-w / 2, -h, w, h], 36) +
        oval(0, -h, w / 2, w * 0.15, light(c, 0.4)) +
        oval(
            0,
            -h,
            w * 0.46,
            w * 0.128,
            g.lin(
                [
                    [0, dark(c, 0.4)],
                    [1, light(c, 0.1)],
                ],
                0,
                0,
                1,
                0,
            ),
        ) +
        (tea
            ? oval(
                  0,
                  -h + w * 0.03,
                  w * 0.43,
                  w * 0.1,
                  g.lin(
                      [
                          [0, light(tea, 0.3)],
                          [1, tea],
                      ],
                      0,
                      0,
                      1,
                      1,
                  ),
              )
            : '') +
        (steam
            ? line(
                  `M-14 ${-h - 24}c-26 -40 26 -60 0 -104M22 ${-h - 30}c-22 -34 22 -54 0 -92`,
                  '#ffffff',
                  9,
                  'opacity="0.4"',
              )
            : '')
    );
}

export function teaset(g, c) {
    const pot =
        'M-215 -210C-215 -70 -130 -16 -80 -8H80C130 -16 215 -70 215 -210C215 -300 110 -340 0 -340C-110 -340 -215 -300 -215 -210z';
    const shape = `<path d="${pot}"/>`;
    const handle = 'M-150 -310C-170 -600 170 -600 150 -310';
    let body = at(
        -60,
        -60,
        1.06,
        shadow(g, 400, 0.24) +
            line('M188 -160C280 -170 270 -300 340 -320', dark(c, 0.35), 58) +
            line('M188 -164C272 -178 270 -300 336 -318', c, 44) +
            line('M200 -186C262 -200 262 -300 322 -326', light(c, 0.6), 8, 'opacity="0.6"') +
            path(pot, g.ball(c, 0.7)) +
            crackle(g, shape, c, [-215, -340, 430, 340]) +
            path(
                'M-150 -250C-120 -310 -60 -322 -20 -322C-70 -300 -110 -270 -126 -214z',
                '#ffffff',
                'opacity="0.45"',
            ) +
            oval(0, -330, 110, 26, dark(c, 0.35)) +
            path(
                'M-104 -334C-90 -376 90 -376 104 -334C80 -312 -80 -312 -104 -334z',
                g.round(c, 0.5),
            ) +
            disc(0, -382, 25, g.ball(c, 0.75)) +
            line(handle, '#4d3020', 25) +
            line(handle, '#a8692f', 17) +
            line(handle, '#e0b27a', 5, 'stroke-dasharray="5 9" opacity="0.9"') +
            disc(-150, -306, 15, g.ball(BRASS, 0.6)) +
            disc(150, -306, 15, g.ball(BRASS, 0.6)),
    );
    body +=
        at(250, 0, 1, cup(g, c, { w: 156, h: 120, steam: true })) +
        at(76, 52, 1.06, cup(g, c, { w: 156, h: 120 })) +
        at(-285, 40, 1, cup(g, c, { w: 156, h: 120 }));
    return { body, w: 0, h: 560, span: 800 };
}

export function bowl(g, c, { food = true, s = 1 } = {}) {
    const d =
        'M-330 -300C-320 -120 -200 -40 -120 -34L-130 0H130L120 -34C200 -40 320 -120 330 -300z';
    let noodles = '';
    for (let k = 0; k < 13; k++)
        noodles += `M${-220 + k * 28} ${n(-296 + g.between(-10, 10))}c40 ${n(g.between(-40, 40))} 90 ${n(g.between(-40, 40))} 150 ${n(g.between(-6, 6))}`;
    const fill = food
        ? oval(
              0,
              -292,
              288,
              70,
              g.lin(
                  [
                      [0, '#d98a3d'],
                      [1, '#9c5320'],
                  ],
                  0,
                  0,
                  1,
                  1,
              ),
          ) +
          line(noodles, '#8a5a24', 13, 'opacity="0.4" transform="translate(3 6)"') +
          line(noodles, '#f6dc9c', 11) +
          line(noodles, '#fff3cf', 3, 'opacity="0.8"') +
          at(
              110,
              -312,
              1,
              oval(0, 0, 78, 48, '#fffaf0') +
                  oval(
                      -4,
                      2,
                      42,
                      27,
                      g.rad([
                          [0, '#ffc04a'],
                          [1, '#ee8a22'],
                      ]),
                  ),
          ) +
          at(
              -120,
              -316,
              1,
              oval(0, 6, 76, 34, '#8a4a34') +
                  oval(-4, 0, 74, 31, g.flat('#c98a6a', 0.2)) +
                  oval(-4, 0, 50, 18, '#e9bfa2', 'opacity="0.8"'),
          ) +
          [
              [-20, -326],
              [10, -300],
              [36, -334],
              [-10, -288],
              [-60, -288],
              [60, -276],
              [-200, -290],
              [186, -290],
          ]
              .map(([x, y]) => disc(x, y, 10, '#5f9a48') + disc(x, y, 5, '#b9d98e'))
              .join('')
        : oval(0, -282, 270, 58, dark(c, 0.18));
    return {
        body: at(
            0,
            0,
            s,
            shadow(g, 560, 0.2) +
                path(d, g.round(c, 0.4)) +
                path(
                    'M-318 -210C-280 -120 -190 -66 -130 -52H130C190 -66 280 -120 318 -210C300 -170 270 -196 230 -180C190 -160 170 -200 120 -176C70 -150 40 -196 -20 -176C-80 -160 -110 -196 -160 -176C-220 -160 -280 -190 -318 -210z',
                    dark(c, 0.36),
                    'opacity="0.35"',
                ) +
                speckles(g, `<path d="${d}"/>`, [-330, -300, 660, 300], 120) +
                oval(0, -300, 330, 86, light(c, 0.5)) +
                oval(
                    0,
                    -298,
                    312,
                    78,
                    g.lin(
                        [
                            [0, dark(c, 0.45)],
                            [0.6, c],
                            [1, light(c, 0.3)],
                        ],
                        0,
                        0,
                        1,
                        1,
                    ),
                ) +
                fill +
                (food
                    ? line(
                          'M120 -420L-330 -230M180 -410L-290 -206',
                          '#1a0f08',
                          12,
                          'opacity="0.18" transform="translate(6 18)"',
                      ) +
                      line('M410 -470L-60 -322', '#7a2f22', 15) +
                      line('M430 -436L-40 -306', '#7a2f22', 15) +
                      line('M410 -474L-60 -326M430 -440L-40 -310', '#d98a6a', 4, 'opacity="0.7"')
                    : ''),
        ),
        w: 0,
        h: 480 * s,
        span: 720 * s,
    };
}

export function plates(g, c) {
    const plate = (y, r) =>
        oval(8, y + 20, r, r * 0.3, '#2a1a10', 'opacity="0.22"') +
        oval(0, y + 15, r * 0.99, r * 0.28, dark(c, 0.45)) +
        oval(
            0,
            y,
            r,
            r * 0.28,
            g.lin(
                [
                    [0, light(c, 0.55)],
                    [0.5, c],
                    [1, dark(c, 0.22)],
                ],
                0,
                0,
                1,
                0.4,
            ),
        ) +
        oval(
            0,
            y + 3,
            r * 0.8,
            r * 0.2,
            g.lin(
                [
                    [0, dark(c, 0.2)],
                    [1, light(c, 0.35)],
                ],
                0,
                0,
                1,
                0.4,
            ),
        );
    let body = shadow(g, 640, 0.2);
    for (let k = 0; k < 4; k++) body += plate(-60 - k * 30, 340);
    for (let k = 0; k < 3; k++) body += plate(-190 - k * 27, 262);
    // one standing behind, turned to show its face
    const face = at(
        60,
        -390,
        1,
        disc(16, 8, 294, '#2a1a10', 'opacity="0.2"') +
            disc(5, 4, 288, dark(c, 0.4)) +
            disc(
                0,
                0,
                286,
                g.lin(
                    [
                        [0, light(c, 0.5)],
                        [0.5, c],
                        [1, dark(c, 0.18)],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
            ) +
            disc(
                0,
                0,
                226,
                g.lin(
                    [
                        [0, dark(c, 0.16)],
                        [1, light(c, 0.36)],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
            ) +
            disc(0, 0, 220, g.flat(c, 0.14)) +
            speckles(g, '<circle r="286"/>', [-286, -286, 572, 572], 150) +
            disc(0, 0, 282, 'none', `stroke="${dark(c, 0.45)}" stroke-width="6" opacity="0.5"`) +
            [60, 100, 140, 180]
                .map((r) =>
                    disc(
                        0,
                        0,
                        r,
                        'none',
                        `stroke="${dark(c, 0.4)}" stroke-width="2" opacity="0.2"`,
                    ),
                )
                .join(''),
    );
    return {
        body:
            face +
            body +
            at(0, -244, 1, cup(g, mix(c, '#fff6e4', 0.25), { w: 170, h: 124, tea: null })),
        w: 0,
        h: 690,
        span: 760,
    };
}

export function tumblers(g, c) {
    const one = (x, y, s, tea) =>
        at(
            x,
            y,
            s,
            shadow(g, 200, 0.28) +
                path('M-120 -330L-92 -14Q0 18 92 -14L120 -330z', g.round(c, 0.45)) +
                path(
                    'M-120 -330L-106 -180Q-60 -150 -30 -184Q10 -214 50 -178Q80 -160 107 -186L120 -330z',
                    g.round(mix(c, '#fff6e4', 0.55), 0.5),
                ) +
                speckles(
                    g,
                    '<path d="M-120 -330L-92 -14H92L120 -330z"/>',
                    [-120, -330, 240, 330],
                    60,
                ) +
                oval(0, -330, 120, 30, light(c, 0.6)) +
                oval(0, -329, 110, 25, dark(c, 0.35)) +
                (tea
                    ? oval(
                          0,
                          -322,
                          104,
                          20,
                          g.lin(
                              [
                                  [0, '#d98a3d'],
                                  [1, '#8a4a1c'],
                              ],
                              0,
                              0,
                              1,
                              1,
                          ),
                      ) +
                      at(
                          -30,
                          -336,
                          1,
                          rect(
                              -30,
                              -22,
                              52,
                              42,
                              g.lin(
                                  [
                                      [0, '#ffffff', 0.85],
                                      [1, '#d8e6e6', 0.4],
                                  ],
                                  0,
                                  0,
                                  1,
                                  1,
                              ),
                              8,
                          ),
                          -14,
                      ) +
                      at(
                          36,
                          -330,
                          1,
                          rect(
                              -26,
                              -20,
                              46,
                              36,
                              g.lin(
                                  [
                                      [0, '#ffffff', 0.8],
                                      [1, '#d8e6e6', 0.4],
                                  ],
                                  0,
                                  0,
                                  1,
                                  1,
                              ),
                              8,
                          ),
                          12,
                      )
                    : ''),
        );
    return {
        body: one(-40, -110, 1, false) + one(-220, 0, 1.1, true) + one(200, -10, 1.1, true),
        w: 0,
        h: 470,
        span: 720,
    };
}
