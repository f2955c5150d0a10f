// Cables and feet.
// Each drawer stands its thing on (0,0), the middle of its foot, and grows upwards; it answers
// { body, w, h, span } in picture pixels.
import { at, dark, disc, light, line, n, oval, path, rect, shadow } from './kit.mjs';
import { BRASS } from './parts.mjs';

// A coil of cable seen from above its table; ends come forward with their plugs.
export function coil(g, c, { plug = 'banana', turns = 7, braid = true } = {}) {
    let body = oval(
        26,
        -132,
        430,
        172,
        g.rad([
            [0, '#2a1a10', 0.06],
            [0.5, '#2a1a10', 0.1],
            [0.76, '#2a1a10', 0.36],
            [1, '#2a1a10', 0],
        ]),
    );
    const strand = (d, w) =>
        line(d, dark(c, 0.6), w + 4) +
        line(d, c, w - 2) +
        line(d, light(c, 0.5), w * 0.28, 'opacity="0.8" transform="translate(-2 -5)"') +
        (braid ? line(d, dark(c, 0.5), w - 4, 'stroke-dasharray="3 11" opacity="0.55"') : '');
    const end = (d) =>
        line(d, '#1a0f08', 28, 'opacity="0.2" transform="translate(8 14)"') + strand(d, 24);
    const tip = (x, y, turn, k) => {
        const band = k ? '#c8553d' : '#2e2a28';
        if (plug === 'banana')
            return at(
                x,
                y,
                1,
                rect(-22, -8, 44, 96, g.round('#d9b566', 0.7), 10) +
                    rect(-22, 14, 44, 16, band, 3) +
                    rect(-10, 86, 20, 70, g.round('#efd596', 0.8), 9),
                turn,
            );
        if (plug === 'rca')
            return at(
                x,
                y,
                1,
                rect(-26, -8, 52, 92, g.round('#4a4441', 0.5), 10) +
                    rect(-26, 10, 52, 14, band, 3) +
                    rect(-30, 82, 60, 46, g.round('#d9b566', 0.8), 6) +
                    rect(-8, 126, 16, 44, g.round('#efd596', 0.8), 7),
                turn,
            );
        return at(
            x,
            y,
            1,
            rect(-20, -8, 40, 96, g.round('#4a4441', 0.5), 10) +
                rect(-9, 86, 18, 78, g.round('#efd596', 0.8), 8) +
                line('M-9 108h18M-9 130h18', '#3a2c18', 4),
            turn,
        );
    };
    for (let k = 0; k < turns; k++) {
        const rx = 330 - (k % 3) * 22 + g.between(-8, 8);
        const ry = 130 - (k % 3) * 9;
        const y = -150 - k * 21;
        body += strand(
            `M${n(-rx)} ${n(y)}a${n(rx)} ${n(ry)} 0 1 0 ${n(2 * rx)} 0a${n(rx)} ${n(ry)} 0 1 0 ${n(-2 * rx)} 0`,
            24,
        );
    }
    const top = -150 - turns * 21;
    body +=
        end(`M-320 ${top + 60}C-400 ${top + 250} -330 -30 -170 -36`) +
        end(`M300 ${top + 90}C400 ${top + 250} 330 10 150 -10`) +
        tip(-176, -36, -84, 0) +
        tip(144, -10, 82, 1);
    body += at(
        0,
        top + 148,
        1,
        rect(-34, -46, 68, 128, g.round('#b9824a', 0.35), 10) +
            line('M-22 -34v104M22 -34v104', '#f0cf9f', 2.5, 'stroke-dasharray="8 7"') +
            disc(0, 20, 10, g.ball(BRASS, 0.7)),
    );
    return { body, w: 0, h: 480, span: 780 };
}

export function feet(g, c) {
    const one = (x, y, s) =>
        at(
            x,
            y,
            s,
            shadow(g, 200, 0.3) +
                path('M-104 -150L-30 -16Q0 4 30 -16L104 -150z', g.round(c, 0.7)) +
                path('M-104 -186V-150A104 34 0 0 0 104 -150V-186z', g.round(c, 0.75)) +
                oval(
                    0,
                    -186,
                    104,
                    34,
                    g.lin(
                        [
                            [0, light(c, 0.8)],
                            [0.5, c],
                            [1, dark(c, 0.3)],
                        ],
                        0,
                        0,
                        1,
                        0.6,
                    ),
                ) +
                oval(
                    0,
                    -186,
                    82,
                    26,
                    g.lin(
                        [
                            [0, dark(c, 0.15)],
                            [1, light(c, 0.5)],
                        ],
                        0,
                        0,
                        1,
                        0.6,
                    ),
                ) +
                oval(0, -186, 60, 18, '#2b2725'),
        );
    return {
        body: one(-120, -150, 0.92) + one(190, -170, 0.92) + one(-240, 0, 1.08) + one(90, 0, 1.08),
        w: 0,
        h: 380,
        span: 740,
    };
}
