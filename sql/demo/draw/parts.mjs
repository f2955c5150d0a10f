// Parts shared by several shelves: blocks, metals, glazes, glow.
import { clipped, dark, disc, light, line, n, path, wood } from './kit.mjs';

export const METAL = '#b9b4ab';

export const BRASS = '#c79a4a';

export const RUBBER = '#262322';

// A block seen a little from the upper right: front, shaded side, lit top.
export function block(g, x, y, w, h, c, { dx = 46, dy = 26, r = 4, front = null } = {}) {
    const side = `M${n(x + w)} ${n(y)}l${n(dx)} ${n(-dy)}v${n(h)}l${n(-dx)} ${n(dy)}z`;
    const top = `M${n(x)} ${n(y)}l${n(dx)} ${n(-dy)}h${n(w)}l${n(-dx)} ${n(dy)}z`;
    return (
        path(
            side,
            g.lin(
                [
                    [0, dark(c, 0.36)],
                    [1, dark(c, 0.56)],
                ],
                0,
                0,
                1,
                0.3,
            ),
        ) +
        path(
            top,
            g.lin(
                [
                    [0, light(c, 0.42)],
                    [1, light(c, 0.14)],
                ],
                0,
                0,
                1,
                0,
            ),
        ) +
        (front ?? wood(g, x, y, w, h, c, { r, upright: h > w })) +
        line(
            `M${n(x + 2)} ${n(y + h - 6)}V${n(y + 2)}H${n(x + w - 2)}`,
            light(c, 0.6),
            2.2,
            'opacity="0.5"',
        )
    );
}

export const glow = (g, x, y, r, s = 0.6, c = '#ffcf7d') =>
    disc(
        x,
        y,
        r,
        g.rad([
            [0, c, s],
            [0.4, c, s * 0.42],
            [0.75, c, s * 0.1],
            [1, c, 0],
        ]),
    );

// Crackle: the fine net in a celadon glaze.
export function crackle(g, shape, c, box) {
    let d = '';
    for (let i = 0; i < 90; i++) {
        let x = box[0] + g.rand() * box[2];
        let y = box[1] + g.rand() * box[3];
        d += `M${n(x)} ${n(y)}`;
        for (let k = 0; k < 4; k++) d += `l${n(g.between(-26, 26))} ${n(g.between(-26, 26))}`;
    }
    return clipped(g.clip(shape), line(d, dark(c, 0.5), 1.2, 'opacity="0.24"'));
}

export function speckles(g, shape, box, count = 90, ink = '#3b2818') {
    let out = '';
    for (let i = 0; i < count; i++)
        out += disc(box[0] + g.rand() * box[2], box[1] + g.rand() * box[3], g.between(0.8, 3), ink);
    return clipped(g.clip(shape), `<g opacity="0.42">${out}</g>`);
}

export const GREENS = ['#3f6b43', '#527f4c', '#2f5a45', '#6f9955'];
