// Turntables, what they carry and what lies on them.
// Each drawer stands its thing on (0,0), the middle of its foot, and grows upwards; it answers
// { body, w, h, span } in picture pixels.
import { at, clipped, dark, disc, light, line, n, oval, path, rect, shadow, wood } from './kit.mjs';
import { RUBBER } from './parts.mjs';

// A record lying down: grooves, label, a wedge of light across the black.
export function record(g, cx, cy, rx, ry, { label = '#c8553d', vinyl = '#1d1a19' } = {}) {
    let out =
        oval(cx, cy + 5, rx, ry, dark(vinyl, 0.4)) +
        oval(
            cx,
            cy,
            rx,
            ry,
            g.lin(
                [
                    [0, light(vinyl, 0.2)],
                    [0.5, vinyl],
                    [1, light(vinyl, 0.1)],
                ],
                0,
                0,
                1,
                1,
            ),
        );
    for (let k = 0; k < 15; k++) {
        const s = 0.97 - k * 0.039;
        out += oval(
            cx,
            cy,
            rx * s,
            ry * s,
            'none',
            `stroke="${k % 4 === 3 ? '#000000' : light(vinyl, 0.35)}" stroke-width="${k % 4 === 3 ? 2.2 : 1}" opacity="${k % 4 === 3 ? 0.5 : 0.42}"`,
        );
    }
    const beam = (a, b, o) =>
        path(
            `M${n(cx)} ${n(cy)}L${n(cx + Math.cos(a) * rx)} ${n(cy + Math.sin(a) * ry)}A${n(rx)} ${n(ry)} 0 0 1 ${n(cx + Math.cos(b) * rx)} ${n(cy + Math.sin(b) * ry)}z`,
            '#fff3dc',
            `opacity="${o}"`,
        );
    out +=
        beam(3.6, 4.15, 0.08) +
        beam(3.72, 4.02, 0.1) +
        beam(3.82, 3.93, 0.12) +
        beam(0.45, 1.0, 0.06) +
        beam(0.58, 0.88, 0.08) +
        beam(0.68, 0.78, 0.1);
    out +=
        oval(
            cx,
            cy,
            rx * 0.34,
            ry * 0.34,
            g.lin(
                [
                    [0, light(label, 0.3)],
                    [1, dark(label, 0.12)],
                ],
                0,
                0,
                1,
                1,
            ),
        ) +
        oval(
            cx,
            cy,
            rx * 0.23,
            ry * 0.23,
            'none',
            `stroke="${light(label, 0.7)}" stroke-width="3" opacity="0.8"`,
        ) +
        oval(cx, cy, rx * 0.03, ry * 0.04, '#efe9dd');
    return out;
}

export function turntable(g, c, { direct = false, label = '#c8553d', vinyl } = {}) {
    const top = 'M-330 -330H330L400 -70H-400z';
    const clip = g.clip(`<path d="${top}"/>`);
    const metal = direct ? '#3b3a3a' : c;
    let body = at(0, 0, 1, shadow(g, 800, 0.16));
    for (const x of [-320, 320]) body += rect(x - 44, -22, 88, 26, g.round(RUBBER, 0.3), 8);
    body += clipped(
        clip,
        direct
            ? rect(
                  -420,
                  -340,
                  840,
                  280,
                  g.lin(
                      [
                          [0, '#5a5856'],
                          [1, '#2c2a29'],
                      ],
                      0,
                      0,
                      1,
                      1,
                  ),
              )
            : at(-420, -340, 1, wood(g, 0, 0, 840, 290, c)),
    );
    body += path(
        top,
        g.lin(
            [
                [0, '#fff6e4', 0.35],
                [0.6, '#fff6e4', 0],
                [1, '#1a0f08', 0.18],
            ],
            0,
            0,
            1,
            0.6,
        ),
    );
    body += direct
        ? rect(
              -400,
              -72,
              800,
              60,
              g.lin([
                  [0, '#4a4846'],
                  [1, '#1f1d1c'],
              ]),
              6,
          )
        : wood(g, -400, -72, 800, 60, dark(metal, 0.12), { r: 4 }) +
          rect(
              -400,
              -72,
              800,
              60,
              g.lin([
                  [0, '#1a0f08', 0],
                  [1, '#1a0f08', 0.35],
              ]),
              4,
          );
    body += line('M-398 -71H398', light(metal, 0.65), 3, 'opacity="0.7"');
    // platter
    body +=
        oval(-62, -178, 286, 108, '#1a0f08', 'opacity="0.35"') +
        rect(
            -354,
            -208,
            572,
            24,
            g.lin(
                [
                    [0, '#77726b'],
                    [0.2, '#f3eee4'],
                    [0.4, '#a29c92'],
                    [0.8, '#67625b'],
                    [1, '#8a857c'],
                ],
                0,
                0,
                1,
                0,
            ),
        ) +
        oval(
            -68,
            -184,
            286,
            104,
            g.lin(
                [
                    [0, '#77726b'],
                    [0.2, '#f3eee4'],
                    [0.4, '#a29c92'],
                    [0.8, '#67625b'],
                    [1, '#8a857c'],
                ],
                0,
                0,
                1,
                0,
            ),
        ) +
        oval(-68, -208, 286, 104, '#d6d0c4') +
        oval(-68, -211, 280, 101, '#2d2825');
    if (direct)
        for (let k = 0; k < 46; k++)
            body += disc(
                -68 + Math.cos((k / 45) * 3.14159) * 284,
                -190 + Math.sin((k / 45) * 3.14159) * 104,
                3,
                '#f6f0e4',
                'opacity="0.75"',
            );
    body += record(g, -68, -216, 270, 97, { label, vinyl });
    // arm: pivot tower, counterweight, tube, headshell
    body +=
        oval(292, -226, 66, 26, '#1a0f08', 'opacity="0.35"') +
        oval(
            284,
            -236,
            62,
            24,
            g.lin(
                [
                    [0, '#f0eadf'],
                    [1, '#7b756c'],
                ],
                0,
                0,
                1,
                0,
            ),
        ) +
        rect(256, -300, 56, 66, g.round('#a29c92', 0.8), 10) +
        oval(284, -300, 28, 11, '#e8e2d6');
    const arm = 'M322 -352L284 -312L196 -196L112 -150';
    body +=
        line(arm, '#1a0f08', 13, 'opacity="0.25" transform="translate(10 16)"') +
        line(arm, '#6e685f', 15) +
        line(arm, '#e9e3d8', 9) +
        line('M282 -314L196 -200', '#ffffff', 3, 'opacity="0.9"') +
        at(
            326,
            -358,
            1,
            rect(
                -30,
                -30,
                60,
                58,
                g.lin([
                    [0, '#8e887e'],
                    [0.4, '#f5efe5'],
                    [1, '#58534c'],
                ]),
                10,
            ),
            46,
        ) +
        at(
            98,
            -142,
            1,
            path('M-38 -10L26 -17L30 9L-34 16z', '#2b2726') + rect(-30, 8, 36, 18, '#c8553d', 4),
            -27,
        );
    // controls
    body +=
        oval(-322, -104, 30, 13, '#1a0f08', 'opacity="0.3"') +
        oval(
            -326,
            -112,
            28,
            12,
            g.lin(
                [
                    [0, '#f5efe5'],
                    [1, '#7b756c'],
                ],
                0,
                0,
                1,
                0,
            ),
        ) +
        rect(300, -116, 26, 10, '#1e1a18', 5) +
        (direct
            ? rect(338, -190, 12, 96, '#161413', 6, 'transform="skewX(14) translate(28 0)"') +
              rect(352, -154, 26, 14, '#d7d0c4', 4)
            : '');
    return { body, w: 0, h: 410, span: 820 };
}

export function cartridge(g, c = '#c8553d') {
    const body =
        path(
            'M-310 -560L250 -640L286 -560L-262 -470z',
            g.lin(
                [
                    [0, '#f4efe6'],
                    [0.5, '#b3ada3'],
                    [1, '#6c665e'],
                ],
                0,
                0,
                1,
                1,
            ),
        ) +
        path(
            'M250 -640L430 -668L440 -620L286 -560z',
            g.lin([
                [0, '#8f887e'],
                [1, '#4f4a44'],
            ]),
        ) +
        disc(-120, -548, 20, '#5b554d') +
        disc(90, -578, 20, '#5b554d') +
        line('M-132 -556l24 16M78 -586l24 16', '#e9e3d8', 5) +
        path(
            'M-230 -476L160 -534L190 -330L-40 -270L-222 -300z',
            g.lin(
                [
                    [0, light(c, 0.35)],
                    [0.45, c],
                    [1, dark(c, 0.45)],
                ],
                0,
                0,
                1,
                1,
            ),
        ) +
        path('M160 -534L226 -548L250 -360L190 -330z', dark(c, 0.55)) +
        path('M-222 -300L-40 -270L-40 -236L-196 -262z', dark(c, 0.6)) +
        line('M-214 -460L-206 -312', light(c, 0.7), 6, 'opacity="0.6"') +
        line('M-150 -262L-250 -120', '#3a342f', 20) +
        line('M-154 -262L-252 -124', '#e8e2d6', 9) +
        path('M-262 -134l22 14l-24 44z', '#f3dca6') +
        line(
            'M226 -500C330 -500 360 -560 420 -636M226 -470C340 -466 380 -540 430 -632',
            '#3b6d6a',
            9,
        ) +
        line('M230 -440C350 -430 390 -520 436 -628', '#d8a13a', 9);
    return {
        body:
            oval(
                10,
                -70,
                420,
                62,
                g.rad([
                    [0, '#2a1a10', 0.5],
                    [1, '#2a1a10', 0],
                ]),
            ) +
            record(g, 0, -50, 560, 118, {}) +
            body,
        w: 0,
        h: 700,
        span: 860,
    };
}

export function slipmat(g, pattern) {
    const C = {
        rings: ['#d3a56d', '#8a4f2c'],
        sun: ['#d9ab72', '#c05a35'],
        wave: ['#d0a26c', '#2f5d6b'],
    }[pattern];
    const r = 360;
    let mark = '';
    if (pattern === 'rings')
        for (let k = 0; k < 6; k++)
            mark += disc(
                0,
                0,
                330 - k * 42,
                'none',
                `stroke="${C[1]}" stroke-width="${k % 2 ? 5 : 13}"`,
            );
    if (pattern === 'sun') {
        for (let k = 0; k < 24; k++)
            mark += path('M-22 -180L0 -322L22 -180z', C[1], `transform="rotate(${k * 15})"`);
        mark += disc(0, 0, 150, C[1]) + disc(0, 0, 112, C[0]);
    }
    if (pattern === 'wave')
        for (let k = -6; k < 7; k++)
            mark += line(
                `M-380 ${k * 56}` + 'q38 -44 76 0t76 0t76 0t76 0t76 0t76 0t76 0t76 0t76 0t76 0',
                C[1],
                k % 2 ? 6 : 14,
            );
    let flecks = '';
    for (let i = 0; i < 520; i++) {
        const a = g.rand() * 6.283;
        const q = Math.sqrt(g.rand()) * 352;
        flecks += `M${n(Math.cos(a) * q)} ${n(Math.sin(a) * q)}l${n(g.between(-7, 7))} ${n(g.between(-5, 5))}`;
    }
    const clip = g.clip(`<circle r="${r - 12}"/>`);
    return {
        body:
            shadow(g, 420, 0.13) +
            at(
                0,
                -r - 4,
                1,
                disc(
                    22,
                    10,
                    r,
                    g.rad([
                        [0.86, '#2a1a10', 0.4],
                        [1, '#2a1a10', 0],
                    ]),
                ) +
                    disc(7, 3, r, dark(C[0], 0.45)) +
                    disc(
                        0,
                        0,
                        r,
                        g.lin(
                            [
                                [0, light(C[0], 0.4)],
                                [0.5, C[0]],
                                [1, dark(C[0], 0.22)],
                            ],
                            0,
                            0,
                            1,
                            1,
                        ),
                    ) +
                    clipped(clip, at(0, 0, 1, mark)) +
                    line(flecks, dark(C[0], 0.55), 4, 'opacity="0.38"') +
                    disc(0, 0, 14, dark(C[0], 0.7)) +
                    disc(-2, -2, 14, '#eadcc2', 'opacity="0.2"'),
            ),
        w: 0,
        h: 730,
        span: 740,
    };
}
