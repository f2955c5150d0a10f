// Things that play: each drawer stands its thing on (0,0), the middle of its foot, and grows upwards.
// It answers { body, w, h } in picture pixels; w is the width of the foot its shadow needs.
import { WOODS, at, clipped, dark, disc, light, line, mix, n, oval, path, perforated, rect, shadow, weave, wood } from './kit.mjs';

const METAL = '#b9b4ab';
const BRASS = '#c79a4a';
const RUBBER = '#262322';

// A block seen a little from the upper right: front, shaded side, lit top.
export function block(g, x, y, w, h, c, { dx = 46, dy = 26, r = 4, front = null } = {}) {
    const side = `M${n(x + w)} ${n(y)}l${n(dx)} ${n(-dy)}v${n(h)}l${n(-dx)} ${n(dy)}z`;
    const top = `M${n(x)} ${n(y)}l${n(dx)} ${n(-dy)}h${n(w)}l${n(-dx)} ${n(dy)}z`;
    return path(side, g.lin([[0, dark(c, 0.36)], [1, dark(c, 0.56)]], 0, 0, 1, 0.3)) + path(top, g.lin([[0, light(c, 0.42)], [1, light(c, 0.14)]], 0, 0, 1, 0)) +
        (front ?? wood(g, x, y, w, h, c, { r, upright: h > w })) +
        line(`M${n(x + 2)} ${n(y + h - 6)}V${n(y + 2)}H${n(x + w - 2)}`, light(c, 0.6), 2.2, 'opacity="0.5"');
}

export function driver(g, cx, cy, r, { cone = '#3a3634', ring = METAL, cap = null, seam = true } = {}) {
    let out = disc(cx + r * 0.03, cy + r * 0.06, r * 1.1, '#1b120d', 'opacity="0.3"') +
        disc(cx, cy, r * 1.07, g.lin([[0, light(ring, 0.6)], [0.5, ring], [1, dark(ring, 0.5)]], 0, 0, 1, 1)) +
        disc(cx, cy, r * 0.97, RUBBER) +
        disc(cx, cy, r * 0.93, g.rad([[0.74, '#141211'], [0.86, '#4d4845'], [0.95, '#2b2827'], [1, '#0f0d0d']])) +
        disc(cx, cy, r * 0.73, g.lin([[0, dark(cone, 0.55)], [0.5, cone], [1, light(cone, 0.3)]], 0, 0, 1, 1)) +
        disc(cx, cy, r * 0.7, g.rad([[0, dark(cone, 0.5), 0.9], [0.5, cone, 0.4], [1, light(cone, 0.25), 0.3]]));
    if (seam) {
        let d = '';
        for (let k = 1; k < 6; k++) d += `M${n(cx - r * (0.3 + k * 0.066))} ${n(cy)}a${n(r * (0.3 + k * 0.066))} ${n(r * (0.3 + k * 0.066))} 0 1 0 ${n(r * (0.6 + k * 0.132))} 0a${n(r * (0.3 + k * 0.066))} ${n(r * (0.3 + k * 0.066))} 0 1 0 ${n(-r * (0.6 + k * 0.132))} 0`;
        out += line(d, light(cone, 0.5), 1.3, 'opacity="0.16"');
    }
    out += disc(cx + r * 0.03, cy + r * 0.05, r * 0.31, '#000000', 'opacity="0.35"') + disc(cx, cy, r * 0.28, g.ball(cap ?? dark(cone, 0.1), 0.6));
    for (let k = 0; k < 6; k++) {
        const a = (k * Math.PI) / 3 + 0.5;
        out += disc(cx + Math.cos(a) * r * 1.02, cy + Math.sin(a) * r * 1.02, r * 0.028, dark(ring, 0.6));
    }
    return out;
}

export function tweeter(g, cx, cy, r, c = '#d8c9ae') {
    return disc(cx, cy, r * 1.65, g.lin([[0, '#5a5450'], [1, '#171413']], 0, 0, 1, 1)) + disc(cx, cy, r * 1.45, g.rad([[0.5, '#0f0d0c'], [1, '#3b3633']])) +
        disc(cx, cy, r, g.ball(c, 0.7));
}

const baffle = (g, x, y, w, h, c) => rect(x, y, w, h, g.flat(c, 0.2), 12);

function cabinet(g, c, w, h) {
    const face = c === WOODS.black ? '#46423e' : c === WOODS.white ? '#d8cfbd' : '#332c28';
    return block(g, -w / 2, -h, w, h, c, { dx: w * 0.22, dy: w * 0.11 }) + baffle(g, -w / 2 + 14, -h + 14, w - 28, h - 28, face) +
        tweeter(g, 0, -h * 0.78, w * 0.1) + driver(g, 0, -h * 0.4, w * 0.33, { cone: '#c9b48c', ring: '#8f877c', cap: '#5b4a3c' }) +
        rect(-w * 0.2, -h * 0.085, w * 0.4, h * 0.03, '#120e0c', h * 0.015) + rect(-16, -h * 0.035, 32, 4, BRASS, 2);
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
    return shadow(g, 270, 0.24) + block(g, -125, -22, 250, 22, WOODS.dark, { dx: 44, dy: 22 }) +
        at(0, -26, 1, block(g, -w / 2, -h, w, h, c, { dx: 48, dy: 24 }) + baffle(g, -w / 2 + 12, -h + 12, w - 24, h * 0.66, face) +
            tweeter(g, 0, -h * 0.91, 23) + driver(g, 0, -h * 0.725, 72, { cone: '#d4c19a', cap: '#5b4a3c' }) + driver(g, 0, -h * 0.49, 72, { cone: '#d4c19a', cap: '#5b4a3c' }) +
            rect(-15, -40, 30, 4, BRASS, 2));
}

export function towers(g, c) {
    return { body: at(165, -52, 0.94, tower(g, c)) + at(-175, 0, 1, tower(g, c)), w: 0, h: 850, span: 640 };
}

export function portable(g, c) {
    const w = 620;
    const h = 370;
    const strap = `M${-w / 2 + 34} ${-h + 70}C${-w / 2 - 60} ${-h - 190} ${w / 2 + 60} ${-h - 190} ${w / 2 - 34} ${-h + 70}`;
    let body = line(strap, dark('#b9824a', 0.35), 34) + line(strap, '#b9824a', 26) + line(strap, '#e3b983', 3, 'stroke-dasharray="12 10" opacity="0.8"');
    body += rect(-w / 2, -h, w, h - 8, g.lin([[0, light(c, 0.25)], [0.2, c], [1, dark(c, 0.4)]]), 96) +
        rect(-w / 2 + 26, -h + 30, w - 52, h - 76, dark(c, 0.5), 72) +
        rect(-w / 2 + 30, -h + 34, w - 60, h - 84, weave(g, mix(c, '#fff1da', 0.12), 11, 0.5), 70) +
        rect(-w / 2 + 30, -h + 34, w - 60, h - 84, g.lin([[0, '#fff4dd', 0.3], [0.5, '#fff4dd', 0], [1, '#1a0f08', 0.34]], 0, 0, 1, 1), 70);
    for (const x of [-150, 150]) body += disc(x, -h / 2 - 8, 100, g.rad([[0, '#1a0f08', 0.34], [0.78, '#1a0f08', 0.16], [0.92, '#fff4dd', 0.14], [1, '#1a0f08', 0]]));
    body += disc(0, -h / 2 - 4, 38, dark(c, 0.5)) + disc(0, -h / 2 - 8, 35, g.lin([[0, '#f6e2b4'], [0.5, BRASS], [1, '#7e5a20']], 0, 0, 1, 1)) + disc(0, -h / 2 - 8, 24, g.flat(BRASS, 0.3)) +
        line(`M0 ${-h / 2 - 30}v12`, '#5a3c10', 5) + rect(-w / 2 + 90, -14, 70, 16, RUBBER, 6) + rect(w / 2 - 160, -14, 70, 16, RUBBER, 6);
    for (const x of [-w / 2 + 34, w / 2 - 34]) body += disc(x, -h + 76, 15, g.ball(BRASS, 0.7));
    return { body: shadow(g, 640, 0.16) + body, w: 0, h: 530, span: 640 };
}

export function globe(g, c = '#a9a294') {
    let flecks = '';
    for (let i = 0; i < 130; i++) {
        const a = g.rand() * 6.283;
        const r = Math.sqrt(g.rand()) * 262;
        flecks += disc(Math.cos(a) * r, -300 + Math.sin(a) * r, g.between(1, 4), g.rand() < 0.5 ? '#5d564a' : '#f5eee0', 'opacity="0.4"');
    }
    let slots = '';
    for (let i = 0; i < 5; i++) slots += oval(0, -408 - i * 23, 238 - i * i * 8.2 - i * 5, 30 - i * 2, '#2c2621', 'opacity="0.85"') + oval(0, -414 - i * 23, 240 - i * i * 8.2 - i * 5, 28 - i * 2, g.lin([[0, light(c, 0.5)], [0.5, c], [1, dark(c, 0.35)]], 0, 0, 1, 0));
    return { body: shadow(g, 440, 0.2) + oval(0, -34, 150, 40, '#4b443b') + disc(0, -290, 266, g.ball(c, 0.6)) + clipped(g.clip('<circle cx="0" cy="-290" r="266"/>'), slots + flecks), w: 0, h: 560, span: 540 };
}

// A pair on its own, a little turned: the near cup shows its back, the far one its cushion.
export function headphones(g, c, { thin = false, pad = '#3a302b', stand = false } = {}) {
    const k = thin ? 0.84 : 1;
    const band = 'M-232 -250C-270 -640 -120 -760 20 -760C170 -760 292 -640 252 -250';
    const inner = 'M-206 -300C-232 -610 -110 -716 20 -716C150 -716 252 -610 228 -300';
    let body = '';
    // far cup
    body += at(250, -210, k, oval(-34, 0, 66, 142, g.round(pad, 0.3)) + oval(6, 0, 58, 136, g.round(c, 0.35)) + oval(24, 0, 40, 112, g.lin([[0, dark(c, 0.2)], [1, dark(c, 0.55)]], 0, 0, 1, 0)), -7);
    body += line(band, dark(c, 0.45), thin ? 30 : 46) + line(band, g.lin([[0, light(c, 0.45)], [0.4, c], [1, dark(c, 0.35)]], 0, 0, 1, 0.3), thin ? 24 : 38);
    if (!thin) body += line(inner, dark(pad, 0.2), 20) + line(inner, light(pad, 0.16), 5, 'opacity="0.6"');
    body += line('M-214 -470C-186 -650 -96 -738 10 -742', light(c, 0.75), 6, 'opacity="0.55"');
    // yokes
    for (const s of [-1, 1]) {
        const x = s < 0 ? -234 : 254;
        body += rect(x - 9, -430, 18, 150, g.round(METAL, 0.7), 8);
    }
    // near cup
    const r = thin ? 118 : 152;
    body += at(-215, -205, 1, oval(58, 2, r * 0.72, r * 1.02, g.round(pad, 0.25)) + oval(34, 0, r * 0.8, r * 1.04, g.round(dark(c, 0.1), 0.3)) +
        oval(0, 0, r * 0.94, r * 1.06, g.lin([[0, light(c, 0.5)], [0.4, c], [1, dark(c, 0.45)]], 0, 0, 1, 1)) +
        oval(-4, 0, r * 0.78, r * 0.9, g.lin([[0, dark(c, 0.35)], [1, light(c, 0.14)]], 0, 0, 1, 1)) +
        oval(-4, 0, r * 0.73, r * 0.85, g.lin([[0, light(c, 0.2)], [1, dark(c, 0.2)]], 0, 0, 1, 1)) +
        oval(-4, 0, r * 0.6, r * 0.71, perforated(g, dark(c, 0.55), 15, 3.2)) +
        disc(-4, 0, r * 0.16, g.lin([[0, '#f3dca6'], [1, '#8c6a2c']], 0, 0, 1, 1)));
    if (stand) return { body, w: 0, h: 770, span: 620 };
    return { body: at(-190, thin ? -82 : -46, 1, shadow(g, 230, 0.24)) + at(245, thin ? -92 : -68, 1, shadow(g, 140, 0.26)) + body, w: 0, h: 770, span: 640 };
}

export function earphones(g, c) {
    const cord = 'M-119 -340C-190 -80 -330 -60 -300 -10C-260 50 -60 20 0 -80C60 -190 300 -180 300 -60C300 40 90 50 60 -30';
    const cord2 = 'M153 -374C190 -200 120 -120 0 -80';
    const bud = (x, y, s, turn) => at(x, y, s, rect(-20, 40, 40, 120, g.round('#3c3835', 0.4), 18) + oval(70, -8, 40, 62, g.round('#f4ecde', 0.4)) + oval(30, 0, 34, 56, g.round(METAL, 0.6)) +
        disc(-20, 0, 92, g.ball(c, 0.7)) + disc(-28, -2, 60, g.lin([[0, dark(c, 0.3)], [1, light(c, 0.35)]], 0, 0, 1, 1)) + disc(-28, -2, 53, g.flat(c, 0.24)) + line('M-56 4q28 -44 56 0', light(c, 0.7), 6) + line('M-44 20q16 -24 32 0', light(c, 0.7), 6), turn);
    return { body: shadow(g, 640, 0.2, 0.7) + line(cord, '#1e1814', 17, 'opacity="0.2" transform="translate(10 16)"') + line(cord, dark(c, 0.5), 15) + line(cord, light(c, 0.25), 6, 'stroke-dasharray="9 8" opacity="0.8"') +
        line(cord2, dark(c, 0.5), 15) + line(cord2, light(c, 0.25), 6, 'stroke-dasharray="9 8" opacity="0.8"') + rect(-26, -100, 52, 34, g.round(METAL, 0.7), 10) +
        at(64, -40, 1, rect(-14, -16, 28, 64, g.round('#3c3835', 0.4), 8) + rect(-7, 46, 14, 54, g.round('#e2bd6c', 0.8), 5), 24) + bud(-160, -500, 1.06, -14) + `<g transform="translate(190 -520) scale(-0.96 0.96)">${bud(0, 0, 1, -14)}</g>`, w: 0, h: 640, span: 700 };
}

export function headstand(g, c = WOODS.teak, withPhones = null) {
    const post = wood(g, -26, -690, 52, 650, c, { r: 18, upright: true }) + rect(-26, -690, 52, 650, g.lin([[0, '#fff6e4', 0.2], [0.5, '#fff6e4', 0], [1, '#1a0f08', 0.4]], 0, 0, 1, 0), 18);
    const arch = 'M-120 -660C-110 -756 110 -756 120 -660';
    return { body: shadow(g, 380, 0.24) + oval(0, -22, 190, 52, dark(c, 0.5)) + oval(0, -42, 190, 52, g.lin([[0, light(c, 0.4)], [0.5, c], [1, dark(c, 0.25)]], 0, 0, 1, 0.4)) + oval(0, -44, 130, 33, 'none', `stroke="${dark(c, 0.3)}" stroke-width="2" opacity="0.4"`) + oval(4, -46, 50, 13, '#1a0f08', 'opacity="0.3"') + post +
        (withPhones ? at(-10, -20, 0.9, headphones(g, withPhones, { stand: true }).body) : '') + line(arch, dark(c, 0.4), 50) + line(arch, g.lin([[0, light(c, 0.45)], [0.5, c], [1, dark(c, 0.3)]], 0, 0, 1, 0), 42) + line('M-92 -690C-70 -738 60 -740 88 -700', light(c, 0.7), 4, 'opacity="0.5"'), w: 0, h: 740, span: 400 };
}

// A record lying down: grooves, label, a wedge of light across the black.
export function record(g, cx, cy, rx, ry, { label = '#c8553d', vinyl = '#1d1a19' } = {}) {
    let out = oval(cx, cy + 5, rx, ry, dark(vinyl, 0.4)) + oval(cx, cy, rx, ry, g.lin([[0, light(vinyl, 0.2)], [0.5, vinyl], [1, light(vinyl, 0.1)]], 0, 0, 1, 1));
    for (let k = 0; k < 15; k++) {
        const s = 0.97 - k * 0.039;
        out += oval(cx, cy, rx * s, ry * s, 'none', `stroke="${k % 4 === 3 ? '#000000' : light(vinyl, 0.35)}" stroke-width="${k % 4 === 3 ? 2.2 : 1}" opacity="${k % 4 === 3 ? 0.5 : 0.42}"`);
    }
    const beam = (a, b, o) => path(`M${n(cx)} ${n(cy)}L${n(cx + Math.cos(a) * rx)} ${n(cy + Math.sin(a) * ry)}A${n(rx)} ${n(ry)} 0 0 1 ${n(cx + Math.cos(b) * rx)} ${n(cy + Math.sin(b) * ry)}z`, '#fff3dc', `opacity="${o}"`);
    out += beam(3.6, 4.15, 0.08) + beam(3.72, 4.02, 0.1) + beam(3.82, 3.93, 0.12) + beam(0.45, 1.0, 0.06) + beam(0.58, 0.88, 0.08) + beam(0.68, 0.78, 0.1);
    out += oval(cx, cy, rx * 0.34, ry * 0.34, g.lin([[0, light(label, 0.3)], [1, dark(label, 0.12)]], 0, 0, 1, 1)) + oval(cx, cy, rx * 0.23, ry * 0.23, 'none', `stroke="${light(label, 0.7)}" stroke-width="3" opacity="0.8"`) + oval(cx, cy, rx * 0.03, ry * 0.04, '#efe9dd');
    return out;
}

export function turntable(g, c, { direct = false, label = '#c8553d', vinyl } = {}) {
    const top = 'M-330 -330H330L400 -70H-400z';
    const clip = g.clip(`<path d="${top}"/>`);
    const metal = direct ? '#3b3a3a' : c;
    let body = at(0, 0, 1, shadow(g, 800, 0.16));
    for (const x of [-320, 320]) body += rect(x - 44, -22, 88, 26, g.round(RUBBER, 0.3), 8);
    body += clipped(clip, direct ? rect(-420, -340, 840, 280, g.lin([[0, '#5a5856'], [1, '#2c2a29']], 0, 0, 1, 1)) : at(-420, -340, 1, wood(g, 0, 0, 840, 290, c)));
    body += path(top, g.lin([[0, '#fff6e4', 0.35], [0.6, '#fff6e4', 0], [1, '#1a0f08', 0.18]], 0, 0, 1, 0.6));
    body += direct ? rect(-400, -72, 800, 60, g.lin([[0, '#4a4846'], [1, '#1f1d1c']]), 6) : wood(g, -400, -72, 800, 60, dark(metal, 0.12), { r: 4 }) + rect(-400, -72, 800, 60, g.lin([[0, '#1a0f08', 0], [1, '#1a0f08', 0.35]]), 4);
    body += line('M-398 -71H398', light(metal, 0.65), 3, 'opacity="0.7"');
    // platter
    body += oval(-62, -178, 286, 108, '#1a0f08', 'opacity="0.35"') + rect(-354, -208, 572, 24, g.lin([[0, '#77726b'], [0.2, '#f3eee4'], [0.4, '#a29c92'], [0.8, '#67625b'], [1, '#8a857c']], 0, 0, 1, 0)) + oval(-68, -184, 286, 104, g.lin([[0, '#77726b'], [0.2, '#f3eee4'], [0.4, '#a29c92'], [0.8, '#67625b'], [1, '#8a857c']], 0, 0, 1, 0)) +
        oval(-68, -208, 286, 104, '#d6d0c4') + oval(-68, -211, 280, 101, '#2d2825');
    if (direct) for (let k = 0; k < 46; k++) body += disc(-68 + Math.cos((k / 45) * 3.14159) * 284, -190 + Math.sin((k / 45) * 3.14159) * 104, 3, '#f6f0e4', 'opacity="0.75"');
    body += record(g, -68, -216, 270, 97, { label, vinyl });
    // arm: pivot tower, counterweight, tube, headshell
    body += oval(292, -226, 66, 26, '#1a0f08', 'opacity="0.35"') + oval(284, -236, 62, 24, g.lin([[0, '#f0eadf'], [1, '#7b756c']], 0, 0, 1, 0)) + rect(256, -300, 56, 66, g.round('#a29c92', 0.8), 10) + oval(284, -300, 28, 11, '#e8e2d6');
    const arm = 'M322 -352L284 -312L196 -196L112 -150';
    body += line(arm, '#1a0f08', 13, 'opacity="0.25" transform="translate(10 16)"') + line(arm, '#6e685f', 15) + line(arm, '#e9e3d8', 9) + line('M282 -314L196 -200', '#ffffff', 3, 'opacity="0.9"') +
        at(326, -358, 1, rect(-30, -30, 60, 58, g.lin([[0, '#8e887e'], [0.4, '#f5efe5'], [1, '#58534c']]), 10), 46) + at(98, -142, 1, path('M-38 -10L26 -17L30 9L-34 16z', '#2b2726') + rect(-30, 8, 36, 18, '#c8553d', 4), -27);
    // controls
    body += oval(-322, -104, 30, 13, '#1a0f08', 'opacity="0.3"') + oval(-326, -112, 28, 12, g.lin([[0, '#f5efe5'], [1, '#7b756c']], 0, 0, 1, 0)) + rect(300, -116, 26, 10, '#1e1a18', 5) + (direct ? rect(338, -190, 12, 96, '#161413', 6, 'transform="skewX(14) translate(28 0)"') + rect(352, -154, 26, 14, '#d7d0c4', 4) : '');
    return { body, w: 0, h: 410, span: 820 };
}

export function cartridge(g, c = '#c8553d') {
    const body = path('M-310 -560L250 -640L286 -560L-262 -470z', g.lin([[0, '#f4efe6'], [0.5, '#b3ada3'], [1, '#6c665e']], 0, 0, 1, 1)) + path('M250 -640L430 -668L440 -620L286 -560z', g.lin([[0, '#8f887e'], [1, '#4f4a44']])) +
        disc(-120, -548, 20, '#5b554d') + disc(90, -578, 20, '#5b554d') + line('M-132 -556l24 16M78 -586l24 16', '#e9e3d8', 5) +
        path('M-230 -476L160 -534L190 -330L-40 -270L-222 -300z', g.lin([[0, light(c, 0.35)], [0.45, c], [1, dark(c, 0.45)]], 0, 0, 1, 1)) + path('M160 -534L226 -548L250 -360L190 -330z', dark(c, 0.55)) +
        path('M-222 -300L-40 -270L-40 -236L-196 -262z', dark(c, 0.6)) + line('M-214 -460L-206 -312', light(c, 0.7), 6, 'opacity="0.6"') +
        line('M-150 -262L-250 -120', '#3a342f', 20) + line('M-154 -262L-252 -124', '#e8e2d6', 9) + path('M-262 -134l22 14l-24 44z', '#f3dca6') +
        line('M226 -500C330 -500 360 -560 420 -636M226 -470C340 -466 380 -540 430 -632', '#3b6d6a', 9) + line('M230 -440C350 -430 390 -520 436 -628', '#d8a13a', 9);
    return { body: oval(10, -70, 420, 62, g.rad([[0, '#2a1a10', 0.5], [1, '#2a1a10', 0]])) + record(g, 0, -50, 560, 118, {}) + body, w: 0, h: 700, span: 860 };
}

export function slipmat(g, pattern) {
    const C = { rings: ['#d3a56d', '#8a4f2c'], sun: ['#d9ab72', '#c05a35'], wave: ['#d0a26c', '#2f5d6b'] }[pattern];
    const r = 360;
    let mark = '';
    if (pattern === 'rings') for (let k = 0; k < 6; k++) mark += disc(0, 0, 330 - k * 42, 'none', `stroke="${C[1]}" stroke-width="${k % 2 ? 5 : 13}"`);
    if (pattern === 'sun') {
        for (let k = 0; k < 24; k++) mark += path('M-22 -180L0 -322L22 -180z', C[1], `transform="rotate(${k * 15})"`);
        mark += disc(0, 0, 150, C[1]) + disc(0, 0, 112, C[0]);
    }
    if (pattern === 'wave') for (let k = -6; k < 7; k++) mark += line(`M-380 ${k * 56}` + 'q38 -44 76 0t76 0t76 0t76 0t76 0t76 0t76 0t76 0t76 0t76 0', C[1], k % 2 ? 6 : 14);
    let flecks = '';
    for (let i = 0; i < 520; i++) {
        const a = g.rand() * 6.283;
        const q = Math.sqrt(g.rand()) * 352;
        flecks += `M${n(Math.cos(a) * q)} ${n(Math.sin(a) * q)}l${n(g.between(-7, 7))} ${n(g.between(-5, 5))}`;
    }
    const clip = g.clip(`<circle r="${r - 12}"/>`);
    return { body: shadow(g, 420, 0.13) + at(0, -r - 4, 1, disc(22, 10, r, g.rad([[0.86, '#2a1a10', 0.4], [1, '#2a1a10', 0]])) + disc(7, 3, r, dark(C[0], 0.45)) + disc(0, 0, r, g.lin([[0, light(C[0], 0.4)], [0.5, C[0]], [1, dark(C[0], 0.22)]], 0, 0, 1, 1)) +
        clipped(clip, at(0, 0, 1, mark)) + line(flecks, dark(C[0], 0.55), 4, 'opacity="0.38"') + disc(0, 0, 14, dark(C[0], 0.7)) + disc(-2, -2, 14, '#eadcc2', 'opacity="0.2"')), w: 0, h: 730, span: 740 };
}

function valve(g, x, y, s, glow = 1) {
    return at(x, y, s, disc(0, -110, 190, g.rad([[0, '#ffb45a', 0.55 * glow], [0.5, '#ff9a3c', 0.2 * glow], [1, '#ff9a3c', 0]])) + rect(-46, -34, 92, 38, g.round('#2a2523', 0.3), 6) +
        path('M-54 -34V-190C-54 -236 -22 -262 0 -276C22 -262 54 -236 54 -190V-34z', g.lin([[0, '#ffe9c4', 0.42], [0.2, '#ffd79a', 0.3], [0.6, '#a86a34', 0.34], [1, '#4a2d1a', 0.6]], 0, 0, 1, 0)) +
        rect(-28, -176, 56, 128, g.lin([[0, '#4c4541'], [0.5, '#26211f'], [1, '#171413']], 0, 0, 1, 0), 6) + rect(-7, -170, 14, 116, g.lin([[0, '#fff0b8'], [0.5, '#ffb043'], [1, '#ff7c22']]), 7) + line('M-28 -132h56M-28 -92h56', '#77706a', 3) +
        disc(0, -205, 22, 'none', 'stroke="#6a625b" stroke-width="4"') + path('M-48 -196C-46 -230 -20 -252 0 -264C14 -254 28 -246 38 -228C10 -244 -20 -232 -48 -196z', '#d9d4cb', 'opacity="0.75"') + line('M-42 -180V-60', '#fffaf0', 6, 'opacity="0.75"'));
}

export function valveamp(g) {
    const c = '#7b2f26';
    let body = shadow(g, 800, 0.17);
    for (const x of [-230, 0, 230]) {
        const w = 196;
        body += block(g, x - w / 2 + 26, -450, w, 250, '#3a3533', { dx: 30, dy: 22, r: 12, front: rect(x - w / 2 + 26, -450, w, 250, g.lin([[0, '#6a635e'], [0.3, '#413b38'], [1, '#1f1b1a']], 0, 0, 1, 1), 12) }) + rect(x - 34, -346, 120, 40, g.lin([[0, '#efd9a0'], [1, '#9a7430']], 0, 0, 1, 1), 4) + line(`M${x - 18} -326h88`, '#5a3c10', 4);
    }
    body += path('M-390 -215L-340 -280H400L372 -215z', g.lin([[0, light(c, 0.4)], [0.5, c], [1, dark(c, 0.3)]], 0, 0, 1, 0.5));
    for (const [x, s] of [[-270, 1], [-92, 0.82], [92, 0.82], [270, 1]]) body += valve(g, x, -216, s);
    body += path('M372 -215L400 -280V-100L372 -30z', dark(c, 0.6)) + rect(-390, -218, 764, 190, g.lin([[0, light(c, 0.34)], [0.12, c], [1, dark(c, 0.4)]]), 10) + rect(-360, -190, 704, 134, g.lin([[0, '#f6e6bd'], [0.5, '#d2a95c'], [1, '#93702f']], 0, 0, 1, 1), 8);
    let brush = '';
    for (let i = 0; i < 34; i++) brush += `M-356 ${n(-186 + i * 3.8)}h696`;
    body += line(brush, '#fff6df', 1, 'opacity="0.35"');
    for (const x of [-230, 214]) body += disc(x + 6, -114, 56, '#1a0f08', 'opacity="0.35"') + disc(x, -122, 54, g.lin([[0, '#5a524d'], [1, '#141110']], 0, 0, 1, 1)) + disc(x, -122, 44, g.flat('#2d2826', 0.2)) + line(`M${x} -158v22`, '#f6e6bd', 6);
    body += rect(-90, -168, 170, 90, '#17120f', 8) + rect(-84, -162, 158, 78, g.rad([[0, '#fff1c4'], [0.7, '#f3cf86'], [1, '#c8934a']], 0.5, 0.9, 0.9), 5) + line('M-64 -106q60 -54 120 0', '#4a3116', 3) + line('M-4 -92L34 -148', '#b3261e', 4) + disc(128, -122, 9, '#ff8a3a') + disc(128, -122, 24, g.rad([[0, '#ff9a3c', 0.6], [1, '#ff9a3c', 0]]));
    for (const x of [-330, 310]) body += rect(x - 34, -30, 68, 30, g.round(RUBBER, 0.3), 8);
    return { body, w: 0, h: 500, span: 820 };
}

export function integrated(g, c, { w = 800, h = 230, knobs = 3, meters = true } = {}) {
    const panel = (x, y, ww, hh) => rect(x, y, ww, hh, g.lin([[0, light(c, 0.5)], [0.3, light(c, 0.16)], [0.55, c], [1, dark(c, 0.34)]], 0, 0, 1, 1), 12);
    let body = shadow(g, w, 0.17);
    for (const x of [-w * 0.4, w * 0.4]) body += rect(x - 42, -26, 84, 28, g.round(RUBBER, 0.3), 8);
    body += path(`M${-w / 2} ${-h}l60 -84h${w - 110}l50 84z`, g.lin([[0, light(c, 0.2)], [1, dark(c, 0.25)]], 0, 0, 1, 0.4));
    let vents = '';
    for (let i = 0; i < 26; i++) vents += `M${n(-w * 0.3 + (i * w * 0.6) / 25)} ${-h - 62}l${n((i - 12.5) * 0.7)} 42`;
    body += line(vents, '#1a1412', 5, 'opacity="0.55"') + panel(-w / 2, -h, w, h - 22);
    let brush = '';
    for (let i = 0; i < 50; i++) brush += `M${-w / 2 + 6} ${n(-h + 4 + (i * (h - 30)) / 50)}h${w - 12}`;
    body += line(brush, '#ffffff', 1, 'opacity="0.16"') + line(`M${-w / 2 + 8} ${-h + 3}H${w / 2 - 8}`, '#ffffff', 3, 'opacity="0.5"');
    const y = -h / 2 - 12;
    const knob = (x, r) => disc(x + r * 0.12, y + r * 0.16, r * 1.08, '#1a0f08', 'opacity="0.35"') + disc(x, y, r, g.lin([[0, light(c, 0.75)], [0.5, c], [1, dark(c, 0.55)]], 0, 0, 1, 1)) + disc(x, y, r * 0.86, g.lin([[0, dark(c, 0.25)], [0.5, light(c, 0.2)], [1, light(c, 0.55)]], 0, 0, 1, 1)) + disc(x, y, r * 0.8, g.flat(c, 0.3)) + line(`M${x} ${n(y - r * 0.72)}v${n(r * 0.32)}`, '#c8553d', 6);
    body += knob(w * 0.34, h * 0.3);
    for (let k = 0; k < knobs - 1; k++) body += knob(w * (0.14 - k * 0.115), h * 0.12);
    if (meters) for (const x of [-w * 0.34, -w * 0.16]) body += rect(x - 66, y - 52, 132, 100, '#17120f', 8) + rect(x - 60, y - 46, 120, 88, g.rad([[0, '#fff3cf'], [0.7, '#f1d596'], [1, '#c9994f']], 0.5, 0.95, 0.9), 5) + line(`M${x - 46} ${y + 14}q46 -48 92 0`, '#4a3116', 3) + line(`M${x} ${y + 34}L${x + (x < -w * 0.25 ? -24 : 12)} ${y - 24}`, '#b3261e', 3.5);
    return { body, w: 0, h: h + 84, span: w };
}

export function box(g, c, { dac = false } = {}) {
    const w = dac ? 460 : 560;
    const h = dac ? 150 : 170;
    let body = shadow(g, w, 0.2) + path(`M${-w / 2} ${-h}l70 -120h${w - 130}l60 120z`, g.lin([[0, light(c, 0.45)], [1, dark(c, 0.08)]], 0, 0, 1, 0.5)) + rect(-w / 2, -h, w, h - 10, g.lin([[0, light(c, 0.3)], [0.15, c], [1, dark(c, 0.42)]]), 14) + line(`M${-w / 2 + 10} ${-h + 3}H${w / 2 - 10}`, '#fff6e4', 3, 'opacity="0.6"');
    const y = -h / 2 - 4;
    if (dac) body += disc(w * 0.3, y + 4, 52, '#1a0f08', 'opacity="0.35"') + disc(w * 0.3, y, 48, g.lin([[0, '#fbeecb'], [0.5, BRASS], [1, '#73521b']], 0, 0, 1, 1)) + disc(w * 0.3, y, 38, g.flat(BRASS, 0.28)) + line(`M${w * 0.3} ${y - 30}v14`, '#5a3c10', 5) + disc(-w * 0.33, y, 30, '#2a2422') + disc(-w * 0.33, y, 26, 'none', `stroke="${BRASS}" stroke-width="6"`) + disc(-w * 0.33, y, 12, '#0c0908') + [0, 1, 2].map((k) => disc(-w * 0.12 + k * 36, y, 8, k === 1 ? '#ffb043' : dark(c, 0.5))).join('') + disc(-w * 0.12 + 36, y, 24, g.rad([[0, '#ffb043', 0.6], [1, '#ffb043', 0]]));
    else body += rect(-w * 0.4, y - 22, 120, 44, dark(c, 0.5), 22) + rect(-w * 0.4 + 62, y - 18, 54, 36, g.round('#ece5d8', 0.6), 18) + disc(w * 0.12, y, 10, '#7fd07a') + disc(w * 0.12, y, 26, g.rad([[0, '#7fd07a', 0.5], [1, '#7fd07a', 0]])) + line(`M${w * 0.22} ${y - 10}h${w * 0.18}M${w * 0.22} ${y + 10}h${w * 0.12}`, light(c, 0.55), 5, 'opacity="0.7"');
    for (let k = 0; k < 4; k++) body += oval(-w * 0.2 + k * w * 0.13, -h - 70, 22, 11, dark(c, 0.4)) + oval(-w * 0.2 + k * w * 0.13, -h - 76, 18, 8, g.round(k % 2 ? '#c8553d' : '#e8e2d6', 0.4));
    return { body, w: 0, h: h + 120, span: w };
}

// A coil of cable seen from above its table; ends come forward with their plugs.
export function coil(g, c, { plug = 'banana', turns = 7, braid = true } = {}) {
    let body = oval(26, -132, 430, 172, g.rad([[0, '#2a1a10', 0.06], [0.5, '#2a1a10', 0.1], [0.76, '#2a1a10', 0.36], [1, '#2a1a10', 0]]));
    const strand = (d, w) => line(d, dark(c, 0.6), w + 4) + line(d, c, w - 2) + line(d, light(c, 0.5), w * 0.28, 'opacity="0.8" transform="translate(-2 -5)"') + (braid ? line(d, dark(c, 0.5), w - 4, 'stroke-dasharray="3 11" opacity="0.55"') : '');
    const end = (d) => line(d, '#1a0f08', 28, 'opacity="0.2" transform="translate(8 14)"') + strand(d, 24);
    const tip = (x, y, turn, k) => {
        const band = k ? '#c8553d' : '#2e2a28';
        if (plug === 'banana') return at(x, y, 1, rect(-22, -8, 44, 96, g.round('#d9b566', 0.7), 10) + rect(-22, 14, 44, 16, band, 3) + rect(-10, 86, 20, 70, g.round('#efd596', 0.8), 9), turn);
        if (plug === 'rca') return at(x, y, 1, rect(-26, -8, 52, 92, g.round('#4a4441', 0.5), 10) + rect(-26, 10, 52, 14, band, 3) + rect(-30, 82, 60, 46, g.round('#d9b566', 0.8), 6) + rect(-8, 126, 16, 44, g.round('#efd596', 0.8), 7), turn);
        return at(x, y, 1, rect(-20, -8, 40, 96, g.round('#4a4441', 0.5), 10) + rect(-9, 86, 18, 78, g.round('#efd596', 0.8), 8) + line('M-9 108h18M-9 130h18', '#3a2c18', 4), turn);
    };
    for (let k = 0; k < turns; k++) {
        const rx = 330 - (k % 3) * 22 + g.between(-8, 8);
        const ry = 130 - (k % 3) * 9;
        const y = -150 - k * 21;
        body += strand(`M${n(-rx)} ${n(y)}a${n(rx)} ${n(ry)} 0 1 0 ${n(2 * rx)} 0a${n(rx)} ${n(ry)} 0 1 0 ${n(-2 * rx)} 0`, 24);
    }
    const top = -150 - turns * 21;
    body += end(`M-320 ${top + 60}C-400 ${top + 250} -330 -30 -170 -36`) + end(`M300 ${top + 90}C400 ${top + 250} 330 10 150 -10`) + tip(-176, -36, -84, 0) + tip(144, -10, 82, 1);
    body += at(0, top + 148, 1, rect(-34, -46, 68, 128, g.round('#b9824a', 0.35), 10) + line('M-22 -34v104M22 -34v104', '#f0cf9f', 2.5, 'stroke-dasharray="8 7"') + disc(0, 20, 10, g.ball(BRASS, 0.7)));
    return { body, w: 0, h: 480, span: 780 };
}

export function feet(g, c) {
    const one = (x, y, s) => at(x, y, s, shadow(g, 200, 0.3) + path('M-104 -150L-30 -16Q0 4 30 -16L104 -150z', g.round(c, 0.7)) + path('M-104 -186V-150A104 34 0 0 0 104 -150V-186z', g.round(c, 0.75)) + oval(0, -186, 104, 34, g.lin([[0, light(c, 0.8)], [0.5, c], [1, dark(c, 0.3)]], 0, 0, 1, 0.6)) + oval(0, -186, 82, 26, g.lin([[0, dark(c, 0.15)], [1, light(c, 0.5)]], 0, 0, 1, 0.6)) + oval(0, -186, 60, 18, '#2b2725'));
    return { body: one(-120, -150, 0.92) + one(190, -170, 0.92) + one(-240, 0, 1.08) + one(90, 0, 1.08), w: 0, h: 380, span: 740 };
}

export function brush(g) {
    let hair = '';
    for (let i = 0; i < 90; i++) hair += `M${n(-280 + i * 6.3)} -100l${n(g.between(-4, 4))} 96`;
    return { body: shadow(g, 640, 0.14) + rect(-286, -104, 572, 96, '#221d1b', 4) + line(hair, '#5a514b', 2.4) + rect(-300, -150, 600, 56, g.lin([[0, '#f5efe5'], [0.4, '#b9b4ab'], [1, '#68635c']]), 6) + wood(g, -320, -300, 640, 156, WOODS.bamboo, { r: 60 }) + rect(-320, -300, 640, 156, g.lin([[0, '#fff6e4', 0.5], [0.4, '#fff6e4', 0], [1, '#1a0f08', 0.45]]), 60) + line('M-250 -276H210', '#fffaf0', 6, 'opacity="0.5"') + oval(0, -222, 60, 26, g.flat('#b98a45', 0.3)) + line('M-30 -222q15 -18 30 0t30 0', '#5a3c10', 5), w: 0, h: 310, span: 650 };
}

const SPINES = ['#c8553d', '#d9a441', '#2f5d6b', '#e9dcc3', '#6b8f71', '#8d5a6b', '#3b3a4a', '#e08d5f', '#4f7a86', '#b8433a', '#f0c98a', '#567057'];

// Sleeve art: one of a few compositions, from the seed.
export function cover(g, x, y, s, kind, [a, b, c]) {
    const clip = g.clip(`<rect x="${n(x)}" y="${n(y)}" width="${n(s)}" height="${n(s)}" rx="3"/>`);
    const u = s / 100;
    let art = rect(x, y, s, s, a);
    if (kind === 'market') {
        art += disc(x + 68 * u, y + 30 * u, 15 * u, b);
        for (let k = 0; k < 5; k++) art += path(`M${n(x + (k * 21 - 3) * u)} ${n(y + 62 * u)}l${10.5 * u} ${-13 * u}l${10.5 * u} ${13 * u}z`, k % 2 ? c : b) + rect(x + (k * 21 + 1) * u, y + 62 * u, 13 * u, 38 * u, dark(a, 0.35)) + disc(x + (k * 21 + 7.5) * u, y + 72 * u, 3 * u, '#ffd98a');
        art += line(`M${n(x)} ${n(y + 40 * u)}q${25 * u} ${14 * u} ${50 * u} 0t${50 * u} 0`, '#fff0cf', 1.2 * u);
        for (let k = 0; k < 9; k++) art += disc(x + (5 + k * 11.4) * u, y + (44 + Math.sin(k * 1.57) * 4) * u, 2.3 * u, k % 2 ? '#ffd98a' : '#ff9d5c');
    } else if (kind === 'rain') {
        let d = '';
        for (let k = 0; k < 60; k++) d += `M${n(x + g.rand() * s)} ${n(y + g.rand() * 62 * u)}l${n(-2 * u)} ${n(9 * u)}`;
        art += line(d, b, 0.9 * u, 'opacity="0.8"');
        for (let k = 0; k < 10; k++) art += path(`M${n(x + (k * 11 - 5) * u)} ${n(y + 100 * u)}V${n(y + 68 * u)}q${5.5 * u} ${-7 * u} ${11 * u} 0V${n(y + 100 * u)}z`, k % 2 ? c : dark(c, 0.2));
    } else {
        for (let k = 5; k > 0; k--) art += disc(x + 50 * u, y + 56 * u, k * 8 * u, k % 2 ? b : c);
        art += rect(x, y + 76 * u, s, 24 * u, dark(a, 0.3));
    }
    return clipped(clip, art + rect(x, y, s, s, g.lin([[0, '#fff6e4', 0.3], [0.4, '#fff6e4', 0], [1, '#1a0f08', 0.22]], 0, 0, 1, 1))) + line(`M${n(x + 1)} ${n(y + 2)}v${n(s - 4)}`, '#fff6e4', 2, 'opacity="0.5"');
}

export function lp(g, kind, vinyl = '#1d1a19') {
    const art = { market: ['#27364f', '#e8a04a', '#c8553d'], rain: ['#3f6a70', '#dcebe6', '#8d4f3a'], target: ['#e9cf9c', '#c8553d', '#2f5d6b'] }[kind];
    const label = kind === 'rain' ? '#d9a441' : '#c8553d';
    return { body: shadow(g, 620, 0.14) + at(150, -312, 1, record(g, 0, 0, 290, 290, { label, vinyl })) + rect(-360, -600, 604, 604, '#2a1a10', 4, 'opacity="0.25" transform="translate(8 0)"') + cover(g, -370, -604, 604, kind, art) + line('M236 -600V-4', '#fff8ea', 3, 'opacity="0.4"'), w: 0, h: 610, span: 820 };
}

export function crate(g, c, { full = true } = {}) {
    const w = 640;
    const h = 380;
    let body = shadow(g, w + 60, 0.2) + path(`M${-w / 2} ${-h}l54 -96h${w - 60}l60 96z`, dark(c, 0.65));
    if (full) {
        let x = -w / 2 + 30;
        for (let k = 0; k < 22 && x < w / 2 - 34; k++) {
            const t = g.between(18, 30);
            const tall = g.between(500, 548);
            const col = SPINES[(k * 5 + 2) % SPINES.length];
            body += path(`M${n(x)} ${-h + 60}V${n(-tall)}l26 -34h${n(t)}V${-h + 30}z`, g.lin([[0, light(col, 0.25)], [1, dark(col, 0.3)]], 0, 0, 1, 0)) + path(`M${n(x)} ${n(-tall)}l26 -34h${n(t)}l-26 34z`, light(col, 0.55));
            x += t;
        }
    }
    body += path(`M${w / 2} ${-h}l56 -90v${h - 30}l-56 120z`, g.lin([[0, dark(c, 0.35)], [1, dark(c, 0.6)]]));
    for (let k = 0; k < 3; k++) {
        const y = -h + k * (h / 3) + 4;
        body += rect(-w / 2, y + 6, w, h / 3 - 14, '#1a0f08', 6, 'opacity="0.4"') + wood(g, -w / 2, y, w, h / 3 - 14, c, { r: 5 });
    }
    for (const x of [-w / 2 + 8, w / 2 - 68]) body += wood(g, x, -h - 6, 60, h + 4, light(c, 0.06), { upright: true, r: 5 }) + [0, 1, 2].map((k) => disc(x + 30, -h + 50 + k * (h / 3), 7, g.ball('#8a8378', 0.7))).join('');
    body += rect(-74, -h + 38, 148, 46, '#1d120b', 23) + line(`M-66 ${-h + 80}H66`, light(c, 0.4), 3, 'opacity="0.6"');
    return { body, w: 0, h: full ? 585 : 480, span: 760 };
}

export function sleeves(g) {
    let body = shadow(g, 600, 0.18);
    for (let k = 0; k < 9; k++) body += path(`M${-330 + k * 7} ${-20 - k * 13}h560l110 -120h-540z`, k % 2 ? '#e9e1d2' : '#fbf6ec') + line(`M${-330 + k * 7} ${-20 - k * 13}h560l110 -120`, '#b8a98f', 2, 'opacity="0.7"');
    body += at(20, -170, 1, rect(-260, -520, 520, 520, g.lin([[0, '#fffdf7'], [1, '#e6dcc8']], 0, 0, 1, 1), 8) + record(g, 0, -260, 236, 236, { label: '#2f5d6b' }) + rect(-260, -520, 520, 520, g.lin([[0, '#fffdf7', 0.72], [0.5, '#fffaf0', 0.5], [1, '#efe5d2', 0.66]], 0, 0, 1, 1), 8) + path('M-260 -520H-140L-240 0H-260z', '#ffffff', 'opacity="0.35"') + line('M-258 -518H258', '#ffffff', 4) + rect(-250, -510, 500, 500, 'none', 6, 'stroke="#cdbf a5" stroke-width="0"'), -4);
    return { body: body.replace(/<rect[^>]*#cdbf a5[^>]*>/, ''), w: 0, h: 700, span: 680 };
}
