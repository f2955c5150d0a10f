// Speakers.
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
    rect,
    shadow,
    weave,
} from './kit.mjs';
import { BRASS, METAL, RUBBER, block } from './parts.mjs';

export function driver(
    g,
    cx,
    cy,
    r,
    { cone = '#3a3634', ring = METAL, cap = null, seam = true } = {},
) {
    let out =
        disc(cx + r * 0.03, cy + r * 0.06, r * 1.1, '#1b120d', 'opacity="0.3"') +
        disc(
            cx,
            cy,
            r * 1.07,
            g.lin(
                [
                    [0, light(ring, 0.6)],
                    [0.5, ring],
                    [1, dark(ring, 0.5)],
                ],
                0,
                0,
                1,
                1,
            ),
        ) +
        disc(cx, cy, r * 0.97, RUBBER) +
        disc(
            cx,
            cy,
            r * 0.93,
            g.rad([
                [0.74, '#141211'],
                [0.86, '#4d4845'],
                [0.95, '#2b2827'],
                [1, '#0f0d0d'],
            ]),
        ) +
        disc(
            cx,
            cy,
            r * 0.73,
            g.lin(
                [
                    [0, dark(cone, 0.55)],
                    [0.5, cone],
                    [1, light(cone, 0.3)],
                ],
                0,
                0,
                1,
                1,
            ),
        ) +
        disc(
            cx,
            cy,
            r * 0.7,
            g.rad([
                [0, dark(cone, 0.5), 0.9],
                [0.5, cone, 0.4],
                [1, light(cone, 0.25), 0.3],
            ]),
        );
    if (seam) {
        let d = '';
        for (let k = 1; k < 6; k++)
            d += `M${n(cx - r * (0.3 + k * 0.066))} ${n(cy)}a${n(r * (0.3 + k * 0.066))} ${n(r * (0.3 + k * 0.066))} 0 1 0 ${n(r * (0.6 + k * 0.132))} 0a${n(r * (0.3 + k * 0.066))} ${n(r * (0.3 + k * 0.066))} 0 1 0 ${n(-r * (0.6 + k * 0.132))} 0`;
        out += line(d, light(cone, 0.5), 1.3, 'opacity="0.16"');
    }
    out +=
        disc(cx + r * 0.03, cy + r * 0.05, r * 0.31, '#000000', 'opacity="0.35"') +
        disc(cx, cy, r * 0.28, g.ball(cap ?? dark(cone, 0.1), 0.6));
    for (let k = 0; k < 6; k++) {
        const a = (k * Math.PI) / 3 + 0.5;
        out += disc(
            cx + Math.cos(a) * r * 1.02,
            cy + Math.sin(a) * r * 1.02,
            r * 0.028,
            dark(ring, 0.6),
        );
    }
    return out;
}

export function tweeter(g, cx, cy, r, c = '#d8c9ae') {
    return (
        disc(
            cx,
            cy,
            r * 1.65,
            g.lin(
                [
                    [0, '#5a5450'],
                    [1, '#171413'],
                ],
                0,
                0,
                1,
                1,
            ),
        ) +
        disc(
            cx,
            cy,
            r * 1.45,
            g.rad([
                [0.5, '#0f0d0c'],
                [1, '#3b3633'],
            ]),
        ) +
        disc(cx, cy, r, g.ball(c, 0.7))
    );
}

const baffle = (g, x, y, w, h, c) => rect(x, y, w, h, g.flat(c, 0.2), 12);

function cabinet(g, c, w, h) {
    const face = c === WOODS.black ? '#46423e' : c === WOODS.white ? '#d8cfbd' : '#332c28';
    return (
        block(g, -w / 2, -h, w, h, c, { dx: w * 0.22, dy: w * 0.11 }) +
        baffle(g, -w / 2 + 14, -h + 14, w - 28, h - 28, face) +
        tweeter(g, 0, -h * 0.78, w * 0.1) +
        driver(g, 0, -h * 0.4, w * 0.33, { cone: '#c9b48c', ring: '#8f877c', cap: '#5b4a3c' }) +
        rect(-w * 0.2, -h * 0.085, w * 0.4, h * 0.03, '#120e0c', h * 0.015) +
        rect(-16, -h * 0.035, 32, 4, BRASS, 2)
    );
}

export function bookshelf(g, c) {
    const back = at(172, -46, 0.93, shadow(g, 330, 0.24) + cabinet(g, c, 320, 530));
    const front = at(-172, 0, 1, shadow(g, 340, 0.24) + cabinet(g, c, 320, 530));
    return { body: back + front, w: 0, h: 560, span: 780 };
}

function tower(g, c) {
    const w = 200;
    const h = 790;
    const face = c === WOODS.white ? '#cfc6b5' : '#332c28';
    return (
        shadow(g, 270, 0.24) +
        block(g, -125, -22, 250, 22, WOODS.dark, { dx: 44, dy: 22 }) +
        at(
            0,
            -26,
            1,
            block(g, -w / 2, -h, w, h, c, { dx: 48, dy: 24 }) +
                baffle(g, -w / 2 + 12, -h + 12, w - 24, h * 0.66, face) +
                tweeter(g, 0, -h * 0.91, 23) +
                driver(g, 0, -h * 0.725, 72, { cone: '#d4c19a', cap: '#5b4a3c' }) +
                driver(g, 0, -h * 0.49, 72, { cone: '#d4c19a', cap: '#5b4a3c' }) +
                rect(-15, -40, 30, 4, BRASS, 2),
        )
    );
}

export function towers(g, c) {
    return {
        body: at(165, -52, 0.94, tower(g, c)) + at(-175, 0, 1, tower(g, c)),
        w: 0,
        h: 850,
        span: 640,
    };
}

export function portable(g, c) {
    const w = 620;
    const h = 370;
    const strap = `M${-w / 2 + 34} ${-h + 70}C${-w / 2 - 60} ${-h - 190} ${w / 2 + 60} ${-h - 190} ${w / 2 - 34} ${-h + 70}`;
    let body =
        line(strap, dark('#b9824a', 0.35), 34) +
        line(strap, '#b9824a', 26) +
        line(strap, '#e3b983', 3, 'stroke-dasharray="12 10" opacity="0.8"');
    body +=
        rect(
            -w / 2,
            -h,
            w,
            h - 8,
            g.lin([
                [0, light(c, 0.25)],
                [0.2, c],
                [1, dark(c, 0.4)],
            ]),
            96,
        ) +
        rect(-w / 2 + 26, -h + 30, w - 52, h - 76, dark(c, 0.5), 72) +
        rect(-w / 2 + 30, -h + 34, w - 60, h - 84, weave(g, mix(c, '#fff1da', 0.12), 11, 0.5), 70) +
        rect(
            -w / 2 + 30,
            -h + 34,
            w - 60,
            h - 84,
            g.lin(
                [
                    [0, '#fff4dd', 0.3],
                    [0.5, '#fff4dd', 0],
                    [1, '#1a0f08', 0.34],
                ],
                0,
                0,
                1,
                1,
            ),
            70,
        );
    for (const x of [-150, 150])
        body += disc(
            x,
            -h / 2 - 8,
            100,
            g.rad([
                [0, '#1a0f08', 0.34],
                [0.78, '#1a0f08', 0.16],
                [0.92, '#fff4dd', 0.14],
                [1, '#1a0f08', 0],
            ]),
        );
    body +=
        disc(0, -h / 2 - 4, 38, dark(c, 0.5)) +
        disc(
            0,
            -h / 2 - 8,
            35,
            g.lin(
                [
                    [0, '#f6e2b4'],
                    [0.5, BRASS],
                    [1, '#7e5a20'],
                ],
                0,
                0,
                1,
                1,
            ),
        ) +
        disc(0, -h / 2 - 8, 24, g.flat(BRASS, 0.3)) +
        line(`M0 ${-h / 2 - 30}v12`, '#5a3c10', 5) +
        rect(-w / 2 + 90, -14, 70, 16, RUBBER, 6) +
        rect(w / 2 - 160, -14, 70, 16, RUBBER, 6);
    for (const x of [-w / 2 + 34, w / 2 - 34]) body += disc(x, -h + 76, 15, g.ball(BRASS, 0.7));
    return { body: shadow(g, 640, 0.16) + body, w: 0, h: 530, span: 640 };
}

export function globe(g, c = '#a9a294') {
    let flecks = '';
    for (let i = 0; i < 130; i++) {
        const a = g.rand() * 6.283;
        const r = Math.sqrt(g.rand()) * 262;
        flecks += disc(
            Math.cos(a) * r,
            -300 + Math.sin(a) * r,
            g.between(1, 4),
            g.rand() < 0.5 ? '#5d564a' : '#f5eee0',
            'opacity="0.4"',
        );
    }
    let slots = '';
    for (let i = 0; i < 5; i++)
        slots +=
            oval(
                0,
                -408 - i * 23,
                238 - i * i * 8.2 - i * 5,
                30 - i * 2,
                '#2c2621',
                'opacity="0.85"',
            ) +
            oval(
                0,
                -414 - i * 23,
                240 - i * i * 8.2 - i * 5,
                28 - i * 2,
                g.lin(
                    [
                        [0, light(c, 0.5)],
                        [0.5, c],
                        [1, dark(c, 0.35)],
                    ],
                    0,
                    0,
                    1,
                    0,
                ),
            );
    return {
        body:
            shadow(g, 440, 0.2) +
            oval(0, -34, 150, 40, '#4b443b') +
            disc(0, -290, 266, g.ball(c, 0.6)) +
            clipped(g.clip('<circle cx="0" cy="-290" r="266"/>'), slots + flecks),
        w: 0,
        h: 560,
        span: 540,
    };
}
