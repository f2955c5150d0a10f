// Cloth: cushions, throws, napkins.
// Each drawer stands its thing on (0,0), the middle of its foot, and grows upwards; it answers
// { body, w, h, span } in picture pixels.
import { at, clipped, dark, light, line, mix, n, oval, path, rect, shadow, weave } from './kit.mjs';
import { BRASS, GREENS } from './parts.mjs';

// Cloth patterns drawn inside any shape.
export function motif(kind, c, ink, box) {
    const [x0, y0, w, h] = box;
    let d = '';
    let out = '';
    if (kind === 'stripe')
        for (let y = y0; y < y0 + h; y += 52)
            out += rect(x0, y, w, 16, ink) + rect(x0, y + 24, w, 4, ink);
    if (kind === 'diamond') {
        for (let r = 0, y = y0; y < y0 + h; y += 46, r++)
            for (let x = x0 + (r % 2) * 46; x < x0 + w; x += 92)
                d += `M${n(x)} ${n(y - 34)}l34 34l-34 34l-34 -34z`;
        out += line(d, ink, 6) + path(d, ink, 'opacity="0.28" transform="translate(0 0)"');
    }
    if (kind === 'wave') {
        for (let y = y0; y < y0 + h + 40; y += 44)
            d += `M${n(x0)} ${n(y)}` + `q24 -34 48 0t48 0`.repeat(Math.ceil(w / 96) + 1);
        out += line(d, ink, 8);
    }
    if (kind === 'cross') {
        for (let r = 0, y = y0; y < y0 + h; y += 44, r++)
            for (let x = x0 + (r % 2) * 30; x < x0 + w; x += 60)
                d += `M${n(x - 10)} ${n(y)}h20M${n(x)} ${n(y - 10)}v20`;
        out += line(d, ink, 6);
    }
    return out;
}

export function cushion(g, c, kind = 'diamond') {
    const ink = light(c, 0.82);
    const d =
        'M-330 -600C-200 -570 200 -570 330 -600C352 -604 356 -590 350 -570C316 -420 316 -220 350 -60C356 -34 346 -26 320 -24C200 4 -200 4 -320 -24C-346 -26 -356 -34 -350 -60C-316 -220 -316 -420 -350 -570C-356 -590 -352 -604 -330 -600z';
    const clip = g.clip(`<path d="${d}"/>`);
    return {
        body:
            shadow(g, 640, 0.15) +
            path(d, '#2a1a10', 'opacity="0.22" transform="translate(16 12)"') +
            clipped(
                clip,
                rect(-360, -620, 720, 620, weave(g, c, 8, 0.32)) +
                    motif(kind, c, ink, [-360, -620, 720, 620]) +
                    rect(
                        -360,
                        -620,
                        720,
                        620,
                        g.rad(
                            [
                                [0, '#fff6e4', 0.42],
                                [0.4, '#fff6e4', 0.1],
                                [0.7, '#1a0f08', 0.06],
                                [1, '#1a0f08', 0.5],
                            ],
                            0.5,
                            0.5,
                            0.72,
                            0.34,
                            0.3,
                        ),
                    ) +
                    path(
                        'M-330 -600C-250 -520 -230 -480 -210 -430C-260 -500 -300 -540 -340 -570zM320 -26C250 -90 220 -130 200 -190C250 -110 300 -70 345 -50z',
                        '#1a0f08',
                        'opacity="0.16"',
                    ),
            ) +
            line(d, dark(c, 0.35), 5, 'opacity="0.55"') +
            line('M-322 -590C-200 -562 200 -562 322 -590', light(c, 0.6), 4, 'opacity="0.55"'),
        w: 0,
        h: 610,
        span: 720,
    };
}

export function throwOver(g, c) {
    const fold = (y, w, h, col) =>
        path(
            `M${-w / 2} ${y}q-26 ${-h / 2} 0 ${-h}H${w / 2}q26 ${h / 2} 0 ${h}z`,
            g.lin([
                [0, light(col, 0.35)],
                [0.4, col],
                [1, dark(col, 0.4)],
            ]),
        ) +
        clipped(
            g.clip(
                `<path d="M${-w / 2} ${y}q-26 ${-h / 2} 0 ${-h}H${w / 2}q26 ${h / 2} 0 ${h}z"/>`,
            ),
            rect(-w / 2 - 30, y - h, w + 60, h, weave(g, col, 9, 0.4), 0, 'opacity="0.5"') +
                rect(-w * 0.3, y - h, 30, h, light(col, 0.75), 0, 'opacity="0.7"') +
                rect(-w * 0.22, y - h, 10, h, light(col, 0.75), 0, 'opacity="0.7"') +
                rect(w * 0.24, y - h, 30, h, light(col, 0.75), 0, 'opacity="0.7"'),
        );
    let fringe = '';
    for (let k = 0; k < 38; k++)
        fringe += `M${n(-40 + k * 9.4)} -150q${n(g.between(-10, 10))} 50 ${n(g.between(-8, 8))} ${n(g.between(108, 128))}`;
    let body = shadow(g, 680, 0.18);
    for (let k = 0; k < 4; k++)
        body += fold(-6 - k * 84, 640 - k * 8, 86, k % 2 ? mix(c, '#fff1da', 0.14) : c);
    const drape = 'M-70 -352C-60 -400 300 -400 330 -352V-150H-40C-60 -220 -60 -280 -70 -352z';
    body +=
        line(fringe, dark(c, 0.4), 7, 'opacity="0.5" transform="translate(4 4)"') +
        line(fringe, light(c, 0.35), 5) +
        path(
            drape,
            g.lin(
                [
                    [0, light(c, 0.42)],
                    [0.2, c],
                    [0.5, light(c, 0.12)],
                    [1, dark(c, 0.34)],
                ],
                0,
                0,
                1,
                0.4,
            ),
        ) +
        clipped(
            g.clip(`<path d="${drape}"/>`),
            rect(-80, -400, 430, 270, weave(g, c, 9, 0.4), 0, 'opacity="0.55"') +
                [-320, -290, -240]
                    .map((y, k) =>
                        rect(-80, y, 430, k === 1 ? 8 : 24, light(c, 0.75), 0, 'opacity="0.75"'),
                    )
                    .join('') +
                path(
                    'M60 -400q-26 130 0 260h40q-30 -130 0 -260zM220 -400q-20 130 6 260h36q-26 -130 0 -260z',
                    '#1a0f08',
                    'opacity="0.14"',
                ),
        ) +
        line('M-40 -150H330', dark(c, 0.4), 4, 'opacity="0.6"');
    return { body, w: 0, h: 420, span: 740 };
}

export function napkins(g, c) {
    let body = at(20, -34, 1, shadow(g, 570, 0.24));
    const shades = [c, mix(c, '#fff1da', 0.3), dark(c, 0.12), mix(c, '#fff1da', 0.55)];
    for (let k = 0; k < 4; k++) {
        const y = -k * 44;
        body +=
            path(
                `M-300 ${y - 20}q-14 -20 0 -40L150 ${y - 64}L330 ${y - 170}q16 24 0 44L150 ${y}z`,
                g.lin(
                    [
                        [0, light(shades[k], 0.2)],
                        [1, dark(shades[k], 0.4)],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
            ) +
            path(
                `M-300 ${y - 60}L-120 ${y - 190}L330 ${y - 170}L150 ${y - 54}z`,
                weave(g, shades[k], 8, 0.34),
            ) +
            path(
                `M-300 ${y - 60}L-120 ${y - 190}L330 ${y - 170}L150 ${y - 54}z`,
                g.lin(
                    [
                        [0, '#fff6e4', 0.4],
                        [0.6, '#fff6e4', 0],
                        [1, '#1a0f08', 0.2],
                    ],
                    0,
                    0,
                    1,
                    1,
                ),
            ) +
            line(
                `M-276 ${y - 66}L-112 ${y - 180}L300 ${y - 162}L142 ${y - 62}z`,
                light(shades[k], 0.7),
                3,
                'stroke-dasharray="9 7" opacity="0.8"',
            );
    }
    const knot = at(
        20,
        -262,
        1,
        oval(0, 8, 60, 24, '#1a0f08', 'opacity="0.2"') +
            line('M-190 30C-110 -50 60 -40 150 20', '#8a5a34', 10) +
            line('M-190 26C-110 -54 60 -44 150 16', '#d9b07a', 6) +
            [0, 1, 2]
                .map((k) =>
                    path(
                        'M0 0C30 -40 92 -40 130 -6C92 30 34 30 0 0z',
                        g.flat(GREENS[k], 0.3),
                        `transform="rotate(${-60 + k * 44})"`,
                    ),
                )
                .join(''),
    );
    return { body: body + knot, w: 0, h: 400, span: 700 };
}

export function triangle(g, c) {
    const ink = light(c, 0.8);
    const pad = (y) =>
        path(
            `M-330 ${y}L190 ${y}L350 ${y - 90}L370 ${y - 150}L190 ${y - 60}H-330q-22 30 0 60z`,
            g.lin(
                [
                    [0, light(c, 0.2)],
                    [1, dark(c, 0.35)],
                ],
                0,
                0,
                1,
                0,
            ),
        ) +
        line(`M-330 ${y - 10}H188L352 ${y - 100}`, BRASS, 7) +
        rect(-300, y - 46, 470, 14, ink, 4, 'opacity="0.7"');
    const side = 'M190 -130L-70 -590L90 -660L360 -220z';
    let body = shadow(g, 720, 0.18) + pad(0) + pad(-62);
    const clipF = g.clip('<path d="M-330 -130L-70 -590L190 -130z"/>');
    const clipS = g.clip(`<path d="${side}"/>`);
    body +=
        path(side, dark(c, 0.4)) +
        clipped(
            clipS,
            [0, 1, 2, 3, 4, 5]
                .map((k) =>
                    path(
                        `M${n(190 - k * 46)} ${n(-130 - k * 80)}l170 -90l-18 -30l-170 90z`,
                        k % 2 ? ink : BRASS,
                        'opacity="0.62"',
                    ),
                )
                .join('') +
                path(
                    side,
                    g.lin(
                        [
                            [0, '#1a0f08', 0.1],
                            [1, '#1a0f08', 0.55],
                        ],
                        0,
                        0,
                        1,
                        0.4,
                    ),
                ),
        );
    body +=
        path('M-330 -130L-70 -590L190 -130z', c) +
        clipped(
            clipF,
            rect(-340, -600, 540, 480, weave(g, c, 8, 0.3)) +
                [0, 1, 2, 3]
                    .map((k) =>
                        line(
                            `M${-270 + k * 52} -150L-70 ${-490 + k * 90}L${130 - k * 52} -150z`,
                            k % 2 ? BRASS : ink,
                            k % 2 ? 8 : 16,
                        ),
                    )
                    .join('') +
                path('M-100 -190L-70 -250L-40 -190z', '#c8553d') +
                rect(
                    -340,
                    -600,
                    540,
                    480,
                    g.lin(
                        [
                            [0, '#fff6e4', 0.3],
                            [0.5, '#fff6e4', 0],
                            [1, '#1a0f08', 0.35],
                        ],
                        0,
                        0,
                        1,
                        1,
                    ),
                ),
        ) +
        line('M-330 -130L-70 -590L190 -130z', BRASS, 9) +
        line('M-70 -590L90 -660', BRASS, 8);
    return { body, w: 0, h: 670, span: 740 };
}
