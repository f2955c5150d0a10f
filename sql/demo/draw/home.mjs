// Things for the house: lamps, tableware, cloth, furniture, plants. Same bargain as audio.mjs.
import { WOODS, at, clipped, dark, disc, light, line, mix, n, oval, path, rect, shadow, weave, wood } from './kit.mjs';
import { block, cover, crate as recordCrate } from './audio.mjs';

const BRASS = '#c79a4a';
const GREENS = ['#3f6b43', '#527f4c', '#2f5a45', '#6f9955'];

const glow = (g, x, y, r, s = 0.6, c = '#ffcf7d') => disc(x, y, r, g.rad([[0, c, s], [0.4, c, s * 0.42], [0.75, c, s * 0.1], [1, c, 0]]));

export function lantern(g, tall = true) {
    const h = tall ? 640 : 420;
    const w = tall ? 330 : 380;
    const y = tall ? -150 : -70;
    const d = `M${-w * 0.28} ${y}C${-w * 0.62} ${y - h * 0.2} ${-w * 0.62} ${y - h * 0.8} ${-w * 0.28} ${y - h}H${w * 0.28}C${w * 0.62} ${y - h * 0.8} ${w * 0.62} ${y - h * 0.2} ${w * 0.28} ${y}z`;
    let ribs = '';
    for (let k = 1; k < 17; k++) {
        const yy = y - (h * k) / 17;
        ribs += `M${-w} ${n(yy)}q${w} ${n(26 - k * 1.2)} ${2 * w} 0`;
    }
    let body = glow(g, 0, y - h / 2, h * 0.86, 0.6) + shadow(g, 260, 0.24, 0.8) + oval(0, -14, 130, 30, '#2d1d13') + oval(0, -24, 128, 28, g.flat(WOODS.dark, 0.25)) + line(`M-70 -24L-46 ${y + 10}M70 -24L46 ${y + 10}M0 -14V${y + 10}`, '#3b2718', 13);
    body += path(d, g.rad([[0, '#fffbe8'], [0.35, '#ffeab6'], [0.7, '#f6c878'], [1, '#d99a4e']], 0.48, 0.55, 0.66)) + clipped(g.clip(`<path d="${d}"/>`), line(ribs, '#b5762f', 3, 'opacity="0.45"') + line(ribs, '#fffbe8', 2, 'opacity="0.6" transform="translate(0 3)"') + path(d, g.lin([[0, '#fff', 0.25], [0.5, '#fff', 0], [1, '#8a4d1c', 0.3]], 0, 0, 1, 0)));
    body += rect(-w * 0.3, y - h - 14, w * 0.6, 20, '#3b2718', 6) + rect(-w * 0.3, y - 6, w * 0.6, 18, '#3b2718', 6);
    return { body, w: 0, h: -y + h + 20, span: w * 1.3 };
}

export function mushroom(g, c) {
    const cap = 'M-300 -400C-300 -590 -150 -680 0 -680C150 -680 300 -590 300 -400C300 -372 -300 -372 -300 -400z';
    return { body: glow(g, 0, -330, 470, 0.55) + shadow(g, 330, 0.24) + oval(0, -16, 150, 38, dark(c, 0.45)) + path('M-150 -22C-150 -60 -66 -70 -60 -150C-54 -260 -70 -330 -84 -384H84C70 -330 54 -260 60 -150C66 -70 150 -60 150 -22C150 20 -150 20 -150 -22z', g.round(c, 0.4)) +
        path('M-84 -384H84C76 -350 66 -310 62 -262H-62C-66 -310 -76 -350 -84 -384z', g.lin([[0, '#ffe2a3', 0.95], [1, '#ffe2a3', 0]])) + oval(0, -392, 300, 44, '#8a5a2a') + oval(0, -390, 288, 38, g.rad([[0, '#fffdf0'], [0.4, '#ffedbb'], [1, '#eebb6b']])) + path(cap, g.rad([[0, light(c, 0.62)], [0.3, light(c, 0.22)], [0.62, c], [1, dark(c, 0.42)]], 0.5, 0.6, 0.72, 0.3, 0.2)) + path('M-300 -400C-300 -372 300 -372 300 -400C298 -380 296 -392 290 -410C200 -384 -200 -384 -290 -410C-296 -392 -298 -380 -300 -400z', g.lin([[0, dark(c, 0.3)], [0.5, '#ffdf9c'], [1, dark(c, 0.4)]], 0, 0, 1, 0)) + path('M-240 -470C-220 -560 -150 -622 -70 -642C-130 -600 -180 -540 -196 -470z', '#fffaf0', 'opacity="0.34"') + disc(0, -684, 15, g.ball(BRASS, 0.7)), w: 0, h: 700, span: 620 };
}

export function pendant(g, size = 1) {
    const d = 'M-70 -520C-290 -480 -360 -270 -340 -90C-300 -50 300 -50 340 -90C360 -270 290 -480 70 -520z';
    const c = WOODS.bamboo;
    let a = '';
    let b = '';
    for (let k = -13; k <= 13; k++) {
        a += `M${k * 7} -520C${k * 24} -420 ${k * 30} -240 ${k * 27} -60`;
        b += k % 2 ? '' : `M${k * 6} -520C${k * 20 + 90} -400 ${k * 26 + 110} -240 ${k * 26 + 70} -60M${k * 6} -520C${k * 20 - 90} -400 ${k * 26 - 110} -240 ${k * 26 - 70} -60`;
    }
    let hoops = '';
    for (const [y, w] of [[-500, 150], [-400, 262], [-290, 325], [-180, 345], [-90, 340]]) hoops += `M${-w} ${y}q${w} 46 ${2 * w} 0`;
    const s = size;
    return { body: at(0, -130, s, glow(g, 0, -200, 540, 0.6) + line('M0 -1200V-520', '#2b211b', 7) + rect(-36, -560, 72, 46, g.round(BRASS, 0.7), 8) + path(d, g.rad([[0, '#fff3c4'], [0.4, '#f8d68d'], [1, '#c2863d']], 0.5, 0.75, 0.75)) + clipped(g.clip(`<path d="${d}"/>`), line(b, dark(c, 0.35), 4, 'opacity="0.7"') + line(a, dark(c, 0.45), 8, 'opacity="0.55"') + line(a, light(c, 0.35), 5) + line(hoops, dark(c, 0.45), 15) + line(hoops, light(c, 0.2), 10) + path(d, g.lin([[0, '#fff6e4', 0.3], [0.4, '#fff6e4', 0], [1, '#3b1d08', 0.42]], 0, 0, 1, 0))) + oval(0, -88, 336, 34, 'none', `stroke="${dark(c, 0.5)}" stroke-width="12"`) + oval(0, -92, 336, 34, 'none', `stroke="${light(c, 0.3)}" stroke-width="7"`)) + oval(20, 20, 380 * s, 46 * s, g.rad([[0, '#ffdf9c', 0.7], [1, '#ffdf9c', 0]])), w: 0, h: 760, span: 760, hangs: true };
}

export function desklamp(g, c) {
    const arm = 'M-150 -50L-240 -420L60 -650';
    return { body: path('M40 -560L-40 -10H520L300 -480z', g.lin([[0, '#ffe2a3', 0.75], [1, '#ffe2a3', 0.05]])) + shadow(g, 400, 0.2) + oval(-150, -20, 170, 44, dark(c, 0.5)) + oval(-150, -40, 170, 44, g.lin([[0, light(c, 0.5)], [0.5, c], [1, dark(c, 0.3)]], 0, 0, 1, 0.4)) + line(arm, '#3a2c18', 24) + line(arm, g.lin([[0, '#f3dca6'], [0.5, BRASS], [1, '#73521b']], 0, 0, 1, 0), 19) + line('M-154 -60L-244 -416L50 -644', '#fff4d8', 5, 'opacity="0.8"') + disc(-240, -420, 34, g.ball(BRASS, 0.7)) + disc(-240, -420, 13, '#5a3c10') + disc(60, -650, 30, g.ball(BRASS, 0.7)) +
        glow(g, 170, -500, 260, 0.7) + at(150, -560, 1, oval(20, 112, 176, 50, g.rad([[0, '#fffdf0'], [0.5, '#ffe9b0'], [1, '#d99a4e']])) + path('M-50 -120C-70 -40 -140 30 -156 108C-120 150 160 150 196 112C180 30 110 -40 90 -124C60 -150 -30 -146 -50 -120z', g.round(c, 0.5)) + path('M-156 108C-120 150 160 150 196 112C190 100 184 96 184 96C140 126 -100 124 -148 92z', dark(c, 0.35)) + rect(-20, -176, 76, 52, g.round(BRASS, 0.7), 10), -24), w: 0, h: 760, span: 720 };
}

// Crackle: the fine net in a celadon glaze.
function crackle(g, shape, c, box) {
    let d = '';
    for (let i = 0; i < 90; i++) {
        let x = box[0] + g.rand() * box[2];
        let y = box[1] + g.rand() * box[3];
        d += `M${n(x)} ${n(y)}`;
        for (let k = 0; k < 4; k++) d += `l${n(g.between(-26, 26))} ${n(g.between(-26, 26))}`;
    }
    return clipped(g.clip(shape), line(d, dark(c, 0.5), 1.2, 'opacity="0.24"'));
}
function speckles(g, shape, box, count = 90, ink = '#3b2818') {
    let out = '';
    for (let i = 0; i < count; i++) out += disc(box[0] + g.rand() * box[2], box[1] + g.rand() * box[3], g.between(0.8, 3), ink);
    return clipped(g.clip(shape), `<g opacity="0.42">${out}</g>`);
}

export function cup(g, c, { w = 150, h = 130, tea = '#8a4a1c', handle = false, steam = false } = {}) {
    const d = `M${-w / 2} ${-h}C${-w / 2} ${-h * 0.3} ${-w * 0.4} ${-6} ${-w * 0.24} 0H${w * 0.24}C${w * 0.4} -6 ${w / 2} ${-h * 0.3} ${w / 2} ${-h}z`;
    return shadow(g, w * 0.95, 0.28) + (handle ? line(`M${w * 0.46} ${-h * 0.8}C${w * 0.86} ${-h * 0.86} ${w * 0.8} ${-h * 0.26} ${w * 0.38} ${-h * 0.3}`, dark(c, 0.35), 22) + line(`M${w * 0.46} ${-h * 0.8}C${w * 0.86} ${-h * 0.86} ${w * 0.8} ${-h * 0.26} ${w * 0.38} ${-h * 0.3}`, c, 16) : '') + path(d, g.round(c, 0.45)) + speckles(g, `<path d="${d}"/>`, [-w / 2, -h, w, h], 36) +
        oval(0, -h, w / 2, w * 0.15, light(c, 0.4)) + oval(0, -h, w * 0.46, w * 0.128, g.lin([[0, dark(c, 0.4)], [1, light(c, 0.1)]], 0, 0, 1, 0)) + (tea ? oval(0, -h + w * 0.03, w * 0.43, w * 0.1, g.lin([[0, light(tea, 0.3)], [1, tea]], 0, 0, 1, 1)) : '') +
        (steam ? line(`M-14 ${-h - 24}c-26 -40 26 -60 0 -104M22 ${-h - 30}c-22 -34 22 -54 0 -92`, '#ffffff', 9, 'opacity="0.4"') : '');
}

export function teaset(g, c) {
    const pot = 'M-215 -210C-215 -70 -130 -16 -80 -8H80C130 -16 215 -70 215 -210C215 -300 110 -340 0 -340C-110 -340 -215 -300 -215 -210z';
    const shape = `<path d="${pot}"/>`;
    const handle = 'M-150 -310C-170 -600 170 -600 150 -310';
    let body = at(-60, -60, 1.06, shadow(g, 400, 0.24) + line('M188 -160C280 -170 270 -300 340 -320', dark(c, 0.35), 58) + line('M188 -164C272 -178 270 -300 336 -318', c, 44) + line('M200 -186C262 -200 262 -300 322 -326', light(c, 0.6), 8, 'opacity="0.6"') + path(pot, g.ball(c, 0.7)) + crackle(g, shape, c, [-215, -340, 430, 340]) + path('M-150 -250C-120 -310 -60 -322 -20 -322C-70 -300 -110 -270 -126 -214z', '#ffffff', 'opacity="0.45"') + oval(0, -330, 110, 26, dark(c, 0.35)) + path('M-104 -334C-90 -376 90 -376 104 -334C80 -312 -80 -312 -104 -334z', g.round(c, 0.5)) + disc(0, -382, 25, g.ball(c, 0.75)) +
        line(handle, '#4d3020', 25) + line(handle, '#a8692f', 17) + line(handle, '#e0b27a', 5, 'stroke-dasharray="5 9" opacity="0.9"') + disc(-150, -306, 15, g.ball(BRASS, 0.6)) + disc(150, -306, 15, g.ball(BRASS, 0.6)));
    body += at(250, 0, 1, cup(g, c, { w: 156, h: 120, steam: true })) + at(76, 52, 1.06, cup(g, c, { w: 156, h: 120 })) + at(-285, 40, 1, cup(g, c, { w: 156, h: 120 }));
    return { body, w: 0, h: 560, span: 800 };
}

export function bowl(g, c, { food = true, s = 1 } = {}) {
    const d = 'M-330 -300C-320 -120 -200 -40 -120 -34L-130 0H130L120 -34C200 -40 320 -120 330 -300z';
    let noodles = '';
    for (let k = 0; k < 13; k++) noodles += `M${-220 + k * 28} ${n(-296 + g.between(-10, 10))}c40 ${n(g.between(-40, 40))} 90 ${n(g.between(-40, 40))} 150 ${n(g.between(-6, 6))}`;
    const fill = food ? oval(0, -292, 288, 70, g.lin([[0, '#d98a3d'], [1, '#9c5320']], 0, 0, 1, 1)) + line(noodles, '#8a5a24', 13, 'opacity="0.4" transform="translate(3 6)"') + line(noodles, '#f6dc9c', 11) + line(noodles, '#fff3cf', 3, 'opacity="0.8"') + at(110, -312, 1, oval(0, 0, 78, 48, '#fffaf0') + oval(-4, 2, 42, 27, g.rad([[0, '#ffc04a'], [1, '#ee8a22']]))) + at(-120, -316, 1, oval(0, 6, 76, 34, '#8a4a34') + oval(-4, 0, 74, 31, g.flat('#c98a6a', 0.2)) + oval(-4, 0, 50, 18, '#e9bfa2', 'opacity="0.8"')) +
        [[-20, -326], [10, -300], [36, -334], [-10, -288], [-60, -288], [60, -276], [-200, -290], [186, -290]].map(([x, y]) => disc(x, y, 10, '#5f9a48') + disc(x, y, 5, '#b9d98e')).join('') : oval(0, -282, 270, 58, dark(c, 0.18));
    return { body: at(0, 0, s, shadow(g, 560, 0.2) + path(d, g.round(c, 0.4)) + path('M-318 -210C-280 -120 -190 -66 -130 -52H130C190 -66 280 -120 318 -210C300 -170 270 -196 230 -180C190 -160 170 -200 120 -176C70 -150 40 -196 -20 -176C-80 -160 -110 -196 -160 -176C-220 -160 -280 -190 -318 -210z', dark(c, 0.36), 'opacity="0.35"') + speckles(g, `<path d="${d}"/>`, [-330, -300, 660, 300], 120) + oval(0, -300, 330, 86, light(c, 0.5)) + oval(0, -298, 312, 78, g.lin([[0, dark(c, 0.45)], [0.6, c], [1, light(c, 0.3)]], 0, 0, 1, 1)) + fill +
        (food ? line('M120 -420L-330 -230M180 -410L-290 -206', '#1a0f08', 12, 'opacity="0.18" transform="translate(6 18)"') + line('M410 -470L-60 -322', '#7a2f22', 15) + line('M430 -436L-40 -306', '#7a2f22', 15) + line('M410 -474L-60 -326M430 -440L-40 -310', '#d98a6a', 4, 'opacity="0.7"') : '')), w: 0, h: 480 * s, span: 720 * s };
}

export function plates(g, c) {
    const plate = (y, r) => oval(8, y + 20, r, r * 0.3, '#2a1a10', 'opacity="0.22"') + oval(0, y + 15, r * 0.99, r * 0.28, dark(c, 0.45)) + oval(0, y, r, r * 0.28, g.lin([[0, light(c, 0.55)], [0.5, c], [1, dark(c, 0.22)]], 0, 0, 1, 0.4)) + oval(0, y + 3, r * 0.8, r * 0.2, g.lin([[0, dark(c, 0.2)], [1, light(c, 0.35)]], 0, 0, 1, 0.4));
    let body = shadow(g, 640, 0.2);
    for (let k = 0; k < 4; k++) body += plate(-60 - k * 30, 340);
    for (let k = 0; k < 3; k++) body += plate(-190 - k * 27, 262);
    // one standing behind, turned to show its face
    const face = at(60, -390, 1, disc(16, 8, 294, '#2a1a10', 'opacity="0.2"') + disc(5, 4, 288, dark(c, 0.4)) + disc(0, 0, 286, g.lin([[0, light(c, 0.5)], [0.5, c], [1, dark(c, 0.18)]], 0, 0, 1, 1)) + disc(0, 0, 226, g.lin([[0, dark(c, 0.16)], [1, light(c, 0.36)]], 0, 0, 1, 1)) + disc(0, 0, 220, g.flat(c, 0.14)) + speckles(g, '<circle r="286"/>', [-286, -286, 572, 572], 150) + disc(0, 0, 282, 'none', `stroke="${dark(c, 0.45)}" stroke-width="6" opacity="0.5"`) + [60, 100, 140, 180].map((r) => disc(0, 0, r, 'none', `stroke="${dark(c, 0.4)}" stroke-width="2" opacity="0.2"`)).join(''));
    return { body: face + body + at(0, -244, 1, cup(g, mix(c, '#fff6e4', 0.25), { w: 170, h: 124, tea: null })), w: 0, h: 690, span: 760 };
}

export function tumblers(g, c) {
    const one = (x, y, s, tea) => at(x, y, s, shadow(g, 200, 0.28) + path('M-120 -330L-92 -14Q0 18 92 -14L120 -330z', g.round(c, 0.45)) + path('M-120 -330L-106 -180Q-60 -150 -30 -184Q10 -214 50 -178Q80 -160 107 -186L120 -330z', g.round(mix(c, '#fff6e4', 0.55), 0.5)) + speckles(g, '<path d="M-120 -330L-92 -14H92L120 -330z"/>', [-120, -330, 240, 330], 60) + oval(0, -330, 120, 30, light(c, 0.6)) + oval(0, -329, 110, 25, dark(c, 0.35)) + (tea ? oval(0, -322, 104, 20, g.lin([[0, '#d98a3d'], [1, '#8a4a1c']], 0, 0, 1, 1)) + at(-30, -336, 1, rect(-30, -22, 52, 42, g.lin([[0, '#ffffff', 0.85], [1, '#d8e6e6', 0.4]], 0, 0, 1, 1), 8), -14) + at(36, -330, 1, rect(-26, -20, 46, 36, g.lin([[0, '#ffffff', 0.8], [1, '#d8e6e6', 0.4]], 0, 0, 1, 1), 8), 12) : ''));
    return { body: one(-40, -110, 1, false) + one(-220, 0, 1.1, true) + one(200, -10, 1.1, true), w: 0, h: 470, span: 720 };
}

export function phin(g, metal = '#c9c5bc', s = 1) {
    const glass = 'M-130 -250L-112 -14Q0 14 112 -14L130 -250z';
    const m = (x, y, w, h, r) => rect(x, y, w, h, g.lin([[0, dark(metal, 0.35)], [0.12, light(metal, 0.1)], [0.28, light(metal, 0.9)], [0.5, metal], [0.8, dark(metal, 0.45)], [1, dark(metal, 0.15)]], 0, 0, 1, 0), r);
    return { body: at(0, 0, s, shadow(g, 300, 0.24) + path(glass, g.lin([[0, '#ffffff', 0.6], [0.3, '#ffffff', 0.2], [1, '#8fa0a0', 0.4]], 0, 0, 1, 0)) + path('M-122 -150L-112 -20Q0 10 112 -20L122 -150z', g.lin([[0, '#5c2f14'], [0.3, '#3a1b0b'], [1, '#1d0c05']], 0, 0, 1, 0)) + path('M-115 -62L-112 -20Q0 10 112 -20L115 -62Q0 -44 -115 -62z', g.lin([[0, '#fff3dc'], [1, '#e2c79c']], 0, 0, 1, 0)) + oval(0, -150, 122, 20, '#6b3a1a') + line('M-110 -236L-96 -40', '#ffffff', 9, 'opacity="0.6"') + oval(0, -250, 130, 26, 'none', 'stroke="#ffffff" stroke-width="5" opacity="0.8"') + line('M0 -252V-160', '#3a1b0b', 5) +
        oval(0, -258, 212, 36, dark(metal, 0.5)) + oval(0, -268, 212, 36, g.lin([[0, light(metal, 0.85)], [0.5, metal], [1, dark(metal, 0.35)]], 0, 0, 1, 0)) + m(-122, -470, 244, 200, 6) + oval(0, -270, 122, 20, dark(metal, 0.2), 'opacity="0.5"') + line('M-122 -440q122 26 244 0M-122 -300q122 26 244 0', dark(metal, 0.5), 3, 'opacity="0.5"') + line('M120 -420C210 -430 210 -310 122 -320', dark(metal, 0.5), 17) + line('M120 -420C206 -428 206 -312 122 -322', light(metal, 0.4), 10) + oval(0, -470, 122, 24, dark(metal, 0.3)) + oval(0, -484, 136, 28, dark(metal, 0.4)) + oval(0, -492, 136, 27, g.lin([[0, light(metal, 0.9)], [0.5, metal], [1, dark(metal, 0.3)]], 0, 0, 1, 0.2)) + oval(0, -504, 40, 12, dark(metal, 0.3)) + disc(0, -520, 22, g.ball(metal, 0.9)) + line('M-20 -560c-30 -40 30 -64 0 -110M26 -570c-24 -34 24 -54 0 -94', '#ffffff', 10, 'opacity="0.45"')), w: 0, h: 600 * s, span: 470 * s };
}

export function mortar(g, s = 1) {
    const c = '#7d7a75';
    const d = 'M-270 -340C-262 -160 -190 -100 -150 -70L-180 -10Q0 26 180 -10L150 -70C190 -100 262 -160 270 -340z';
    const leaf = (x, y, t, col) => at(x, y, 1, path('M0 0C40 -40 90 -40 120 0C90 34 40 34 0 0z', g.flat(col, 0.25)) + line('M8 0H108', light(col, 0.5), 3, 'opacity="0.7"'), t);
    return { body: at(0, 0, s, shadow(g, 420, 0.24) + path(d, g.round(c, 0.3)) + speckles(g, `<path d="${d}"/>`, [-270, -340, 540, 340], 380, '#efeae0') + speckles(g, `<path d="${d}"/>`, [-270, -340, 540, 340], 260, '#2a2724') + oval(0, -340, 270, 72, light(c, 0.3)) + oval(0, -336, 220, 54, g.lin([[0, '#332f2c'], [1, '#6b6762']], 0, 0, 1, 1)) + leaf(-150, -346, -30, '#5f9a48') + leaf(-40, -322, 10, '#6fae54') + line('M-120 -316C-70 -380 -20 -350 10 -330', '#c3281c', 22) + line('M-116 -322C-70 -378 -24 -356 0 -338', '#ff8a6a', 6) + line('M70 -310C100 -350 130 -340 160 -352', '#c3281c', 20) +
        line('M40 -322L280 -640', '#4f4b47', 92) + line('M40 -322L280 -640', g.lin([[0, light(c, 0.35)], [0.5, c], [1, dark(c, 0.4)]], 0, 0, 1, 0.7), 84) + line('M22 -346L250 -648', '#efeae0', 8, 'opacity="0.35"') + path('M-270 -340A270 72 0 0 0 270 -340L220 -336A220 54 0 0 1 -220 -336z', g.lin([[0, light(c, 0.45)], [0.5, light(c, 0.22)], [1, dark(c, 0.15)]], 0, 0, 1, 0))), w: 0, h: 690 * s, span: 600 * s };
}

export function steamer(g, s = 1) {
    const c = WOODS.bamboo;
    const ring = (y, h) => {
        let slats = '';
        for (let k = 0; k < 26; k++) slats += `M${n(-330 + k * 26.4)} ${y + 6}v${h + 20}`;
        const d = `M-330 ${y}V${y + h}A330 84 0 0 0 330 ${y + h}V${y}z`;
        return path(d, g.lin([[0, dark(c, 0.3)], [0.25, light(c, 0.4)], [0.55, c], [1, dark(c, 0.5)]], 0, 0, 1, 0)) + clipped(g.clip(`<path d="${d}"/>`), line(slats, dark(c, 0.4), 1.5, 'opacity="0.35"') + line(`M-330 ${y + h * 0.26}A330 84 0 0 0 330 ${y + h * 0.26}M-330 ${y + h * 0.78}A330 84 0 0 0 330 ${y + h * 0.78}`, dark(c, 0.45), 5, 'opacity="0.6"') + [-210, 0, 210].map((x) => line(`M${x - 12} ${y + 70}l0 ${h * 0.44}M${x + 12} ${y + 74}l0 ${h * 0.44}`, dark(c, 0.5), 8)).join('')) + line(`M-330 ${y}A330 84 0 0 0 330 ${y}`, light(c, 0.6), 4, 'opacity="0.7"');
    };
    let weaveLines = '';
    for (let k = -12; k <= 12; k++) weaveLines += `M${k * 27} ${-440}l${k * 4} 150M${-340} ${n(-366 + k * 6.6)}h680`;
    return { body: at(0, 0, s, shadow(g, 620, 0.2) + ring(-150, 122) + ring(-290, 122) + ring(-350, 50) + clipped(g.clip('<ellipse cx="0" cy="-362" rx="330" ry="86"/>'), oval(0, -362, 330, 86, g.lin([[0, light(c, 0.5)], [0.5, c], [1, dark(c, 0.25)]], 0, 0, 1, 0.5)) + line(weaveLines, dark(c, 0.4), 5, 'opacity="0.4"') + line(weaveLines, light(c, 0.6), 2, 'opacity="0.7"')) + oval(0, -362, 326, 83, 'none', `stroke="${dark(c, 0.3)}" stroke-width="12"`) + oval(0, -365, 326, 83, 'none', `stroke="${light(c, 0.35)}" stroke-width="7"`) + line('M-50 -392Q0 -440 50 -392', dark(c, 0.5), 18) + line('M-50 -396Q0 -444 50 -396', light(c, 0.2), 12) + line('M-90 -480c-34 -46 34 -70 0 -124M40 -500c-30 -42 30 -64 0 -116M140 -470c-24 -36 24 -54 0 -96', '#ffffff', 12, 'opacity="0.42"')), w: 0, h: 620 * s, span: 700 * s };
}

export function board(g, c, { food = true } = {}) {
    const d = 'M-330 -560C-330 -600 -300 -620 -260 -620H200C240 -620 260 -600 260 -560V-90C260 -50 240 -30 200 -30H-260C-300 -30 -330 -50 -330 -90z';
    const lime = (x, y, r) => disc(x + 8, y + 8, r, '#2a1a10', 'opacity="0.3"') + disc(x, y, r, '#4f8a35') + disc(x, y, r * 0.9, '#eef3c6') + disc(x, y, r * 0.8, g.rad([[0, '#dcea9a'], [1, '#a9ca5a']])) + [0, 45, 90, 135].map((a) => line(`M${n(x - Math.cos(a / 57.3) * r * 0.78)} ${n(y - Math.sin(a / 57.3) * r * 0.78)}L${n(x + Math.cos(a / 57.3) * r * 0.78)} ${n(y + Math.sin(a / 57.3) * r * 0.78)}`, '#f4f7d8', 4)).join('');
    const clip = g.clip(`<path d="${d}"/>`);
    return { body: at(30, 0, 1, path(d, '#2a1a10', 'opacity="0.2" transform="translate(24 26)"') + path(d, '#2a1a10', 'opacity="0.3" transform="translate(9 14)"') + path(d, dark(c, 0.5), 'transform="translate(4 9)"') + clipped(clip, wood(g, -340, -630, 200, 610, c, { upright: true }) + wood(g, -140, -630, 210, 610, light(c, 0.08), { upright: true }) + wood(g, 70, -630, 200, 610, dark(c, 0.06), { upright: true })) + rect(230, -360, 170, 76, dark(c, 0.5), 36, 'transform="translate(4 9)"') + wood(g, 230, -360, 170, 76, c, { r: 36 }) + disc(360, -322, 17, '#3b2415') + line('M356 -318C420 -230 440 -200 400 -150C380 -120 410 -100 420 -60', '#8a5a34', 9) +
        (food ? lime(-180, -430, 74) + lime(-60, -300, 62) + at(70, -470, 1, line('M-60 60C-20 -30 50 -60 110 -60', '#1a0f08', 30, 'opacity="0.25" transform="translate(8 10)"') + line('M-60 60C-20 -30 50 -60 110 -60', '#c3281c', 30) + line('M-54 46C-20 -32 46 -66 100 -68', '#ff9a7a', 7, 'opacity="0.8"') + line('M108 -60q20 -6 30 -26', '#4f7a35', 12)) + at(30, -180, 1, [0, 1, 2, 3, 4].map((k) => path('M0 0C26 -34 70 -34 96 0C70 26 26 26 0 0z', g.flat(GREENS[k % 4], 0.3), `transform="rotate(${-50 + k * 34})"`)).join('')) : '')), w: 0, h: 640, span: 760 };
}

// Cloth patterns drawn inside any shape.
export function motif(kind, c, ink, box) {
    const [x0, y0, w, h] = box;
    let d = '';
    let out = '';
    if (kind === 'stripe') for (let y = y0; y < y0 + h; y += 52) out += rect(x0, y, w, 16, ink) + rect(x0, y + 24, w, 4, ink);
    if (kind === 'diamond') {
        for (let r = 0, y = y0; y < y0 + h; y += 46, r++) for (let x = x0 + (r % 2) * 46; x < x0 + w; x += 92) d += `M${n(x)} ${n(y - 34)}l34 34l-34 34l-34 -34z`;
        out += line(d, ink, 6) + path(d, ink, 'opacity="0.28" transform="translate(0 0)"');
    }
    if (kind === 'wave') {
        for (let y = y0; y < y0 + h + 40; y += 44) d += `M${n(x0)} ${n(y)}` + `q24 -34 48 0t48 0`.repeat(Math.ceil(w / 96) + 1);
        out += line(d, ink, 8);
    }
    if (kind === 'cross') {
        for (let r = 0, y = y0; y < y0 + h; y += 44, r++) for (let x = x0 + (r % 2) * 30; x < x0 + w; x += 60) d += `M${n(x - 10)} ${n(y)}h20M${n(x)} ${n(y - 10)}v20`;
        out += line(d, ink, 6);
    }
    return out;
}

export function cushion(g, c, kind = 'diamond') {
    const ink = light(c, 0.82);
    const d = 'M-330 -600C-200 -570 200 -570 330 -600C352 -604 356 -590 350 -570C316 -420 316 -220 350 -60C356 -30 346 -18 320 -26C200 -58 -200 -58 -320 -26C-346 -18 -356 -30 -350 -60C-316 -220 -316 -420 -350 -570C-356 -590 -352 -604 -330 -600z';
    const clip = g.clip(`<path d="${d}"/>`);
    return { body: shadow(g, 640, 0.15) + path(d, '#2a1a10', 'opacity="0.22" transform="translate(16 12)"') + clipped(clip, rect(-360, -620, 720, 620, weave(g, c, 8, 0.32)) + motif(kind, c, ink, [-360, -620, 720, 620]) + rect(-360, -620, 720, 620, g.rad([[0, '#fff6e4', 0.42], [0.4, '#fff6e4', 0.1], [0.7, '#1a0f08', 0.06], [1, '#1a0f08', 0.5]], 0.5, 0.5, 0.72, 0.34, 0.3)) + path('M-330 -600C-250 -520 -230 -480 -210 -430C-260 -500 -300 -540 -340 -570zM320 -26C250 -90 220 -130 200 -190C250 -110 300 -70 345 -50z', '#1a0f08', 'opacity="0.16"')) + line(d, dark(c, 0.35), 5, 'opacity="0.55"') + line('M-322 -590C-200 -562 200 -562 322 -590', light(c, 0.6), 4, 'opacity="0.55"'), w: 0, h: 610, span: 720 };
}

export function throwOver(g, c) {
    const fold = (y, w, h, col) => path(`M${-w / 2} ${y}q-26 ${-h / 2} 0 ${-h}H${w / 2}q26 ${h / 2} 0 ${h}z`, g.lin([[0, light(col, 0.35)], [0.4, col], [1, dark(col, 0.4)]])) + clipped(g.clip(`<path d="M${-w / 2} ${y}q-26 ${-h / 2} 0 ${-h}H${w / 2}q26 ${h / 2} 0 ${h}z"/>`), rect(-w / 2 - 30, y - h, w + 60, h, weave(g, col, 9, 0.4), 0, 'opacity="0.5"') + rect(-w * 0.3, y - h, 30, h, light(col, 0.75), 0, 'opacity="0.7"') + rect(-w * 0.22, y - h, 10, h, light(col, 0.75), 0, 'opacity="0.7"') + rect(w * 0.24, y - h, 30, h, light(col, 0.75), 0, 'opacity="0.7"'));
    let fringe = '';
    for (let k = 0; k < 38; k++) fringe += `M${n(-40 + k * 9.4)} -150q${n(g.between(-10, 10))} 50 ${n(g.between(-8, 8))} ${n(g.between(108, 128))}`;
    let body = shadow(g, 680, 0.18);
    for (let k = 0; k < 4; k++) body += fold(-6 - k * 84, 640 - k * 8, 86, k % 2 ? mix(c, '#fff1da', 0.14) : c);
    const drape = 'M-70 -352C-60 -400 300 -400 330 -352V-150H-40C-60 -220 -60 -280 -70 -352z';
    body += path('M-40 -150H330V-30H-30z', 'none') + line(fringe, dark(c, 0.4), 7, 'opacity="0.5" transform="translate(4 4)"') + line(fringe, light(c, 0.35), 5) + path(drape, g.lin([[0, light(c, 0.42)], [0.2, c], [0.5, light(c, 0.12)], [1, dark(c, 0.34)]], 0, 0, 1, 0.4)) + clipped(g.clip(`<path d="${drape}"/>`), rect(-80, -400, 430, 270, weave(g, c, 9, 0.4), 0, 'opacity="0.55"') + [-320, -290, -240].map((y, k) => rect(-80, y, 430, k === 1 ? 8 : 24, light(c, 0.75), 0, 'opacity="0.75"')).join('') + path('M60 -400q-26 130 0 260h40q-30 -130 0 -260zM220 -400q-20 130 6 260h36q-26 -130 0 -260z', '#1a0f08', 'opacity="0.14"')) + line('M-40 -150H330', dark(c, 0.4), 4, 'opacity="0.6"');
    return { body, w: 0, h: 420, span: 740 };
}

export function napkins(g, c) {
    let body = shadow(g, 560, 0.2);
    const shades = [c, mix(c, '#fff1da', 0.3), dark(c, 0.12), mix(c, '#fff1da', 0.55)];
    for (let k = 0; k < 4; k++) {
        const y = -k * 44;
        body += path(`M-300 ${y - 20}q-14 -20 0 -40L150 ${y - 64}L330 ${y - 170}q16 24 0 44L150 ${y}z`, g.lin([[0, light(shades[k], 0.2)], [1, dark(shades[k], 0.4)]], 0, 0, 1, 0)) + path(`M-300 ${y - 60}L-120 ${y - 190}L330 ${y - 170}L150 ${y - 54}z`, weave(g, shades[k], 8, 0.34)) + path(`M-300 ${y - 60}L-120 ${y - 190}L330 ${y - 170}L150 ${y - 54}z`, g.lin([[0, '#fff6e4', 0.4], [0.6, '#fff6e4', 0], [1, '#1a0f08', 0.2]], 0, 0, 1, 1)) + line(`M-276 ${y - 66}L-112 ${y - 180}L300 ${y - 162}L142 ${y - 62}z`, light(shades[k], 0.7), 3, 'stroke-dasharray="9 7" opacity="0.8"');
    }
    const knot = at(20, -262, 1, oval(0, 8, 60, 24, '#1a0f08', 'opacity="0.2"') + line('M-190 30C-110 -50 60 -40 150 20', '#8a5a34', 10) + line('M-190 26C-110 -54 60 -44 150 16', '#d9b07a', 6) + [0, 1, 2].map((k) => path('M0 0C30 -40 92 -40 130 -6C92 30 34 30 0 0z', g.flat(GREENS[k], 0.3), `transform="rotate(${-60 + k * 44})"`)).join(''));
    return { body: body + knot, w: 0, h: 400, span: 700 };
}

export function triangle(g, c) {
    const ink = light(c, 0.8);
    const face = 'M-330 -10L-70 -470L190 -10z';
    const pad = (y) => path(`M-330 ${y}L190 ${y}L350 ${y - 90}L370 ${y - 150}L190 ${y - 60}H-330q-22 30 0 60z`, g.lin([[0, light(c, 0.2)], [1, dark(c, 0.35)]], 0, 0, 1, 0)) + line(`M-330 ${y - 10}H188L352 ${y - 100}`, BRASS, 7) + rect(-300, y - 46, 470, 14, ink, 4, 'opacity="0.7"');
    const side = 'M190 -130L-70 -590L90 -660L360 -220z';
    let body = shadow(g, 720, 0.18) + pad(0) + pad(-62);
    const clipF = g.clip('<path d="M-330 -130L-70 -590L190 -130z"/>');
    const clipS = g.clip(`<path d="${side}"/>`);
    body += path(side, dark(c, 0.4)) + clipped(clipS, [0, 1, 2, 3, 4, 5].map((k) => path(`M${n(190 - k * 46)} ${n(-130 - k * 80)}l170 -90l-18 -30l-170 90z`, k % 2 ? ink : BRASS, 'opacity="0.62"')).join('') + path(side, g.lin([[0, '#1a0f08', 0.1], [1, '#1a0f08', 0.55]], 0, 0, 1, 0.4)));
    body += path('M-330 -130L-70 -590L190 -130z', c) + clipped(clipF, rect(-340, -600, 540, 480, weave(g, c, 8, 0.3)) + [0, 1, 2, 3].map((k) => line(`M${-270 + k * 52} -150L-70 ${-490 + k * 90}L${130 - k * 52} -150z`, k % 2 ? BRASS : ink, k % 2 ? 8 : 16)).join('') + path('M-100 -190L-70 -250L-40 -190z', '#c8553d') + rect(-340, -600, 540, 480, g.lin([[0, '#fff6e4', 0.3], [0.5, '#fff6e4', 0], [1, '#1a0f08', 0.35]], 0, 0, 1, 1))) + line('M-330 -130L-70 -590L190 -130z', BRASS, 9) + line('M-70 -590L90 -660', BRASS, 8) + face.slice(0, 0);
    return { body, w: 0, h: 670, span: 740 };
}

export function sideboard(g, c, { wide = true, dressed = true } = {}) {
    const w = wide ? 860 : 600;
    const h = 330;
    let body = shadow(g, w, 0.13);
    for (const x of [-w / 2 + 60, w / 2 - 60]) body += path(`M${x - 20} -110L${x - (x < 0 ? 34 : -14)} 0h20L${x + 20} -110z`, g.round(dark(c, 0.3), 0.25));
    body += block(g, -w / 2, -h - 90, w, h, c, { dx: 40, dy: 34 }) + rect(-w / 2 + 18, -h - 72, w - 36, h - 36, dark(c, 0.66), 4);
    const bays = wide ? 3 : 2;
    const bw = (w - 36) / bays;
    for (let k = 0; k < bays; k++) {
        const x = -w / 2 + 18 + k * bw;
        if (k === 1 || (!wide && k === 0)) {
            let xx = x + 12;
            const cols = ['#c8553d', '#d9a441', '#2f5d6b', '#e9dcc3', '#6b8f71', '#8d5a6b', '#3b3a4a', '#e08d5f', '#f0c98a'];
            for (let i = 0; xx < x + bw - 34; i++) {
                const t = g.between(9, 17);
                body += rect(xx, -h - 90 + 74 + g.between(0, 16), t, h - 110, g.flat(cols[Math.floor(g.rand() * cols.length)], 0.2), 2);
                xx += t + 1;
            }
        } else {
            body += wood(g, x + 6, -h - 66, bw - 12, h - 48, light(c, 0.05), { r: 3 });
            let slat = '';
            for (let i = 1; i < 16; i++) slat += `M${n(x + 6 + ((bw - 12) * i) / 16)} ${-h - 64}v${h - 52}`;
            body += line(slat, dark(c, 0.55), 4, 'opacity="0.6"') + line(slat, light(c, 0.4), 1.6, 'opacity="0.6" transform="translate(4 0)"') + disc(x + (k ? 30 : bw - 30), -h / 2 - 90, 10, g.ball(BRASS, 0.7));
        }
    }
    if (dressed) body += at(-w * 0.26, -h - 104, 0.3, plantPot(g, '#c9714b', 'fern').body) + at(w * 0.2, -h - 104, 0.34, mushroom(g, '#e9c46a').body);
    return { body, w: 0, h: dressed ? 690 : 460, span: w + 40 };
}

export function wallshelf(g, c, { wide = true } = {}) {
    const w = wide ? 800 : 560;
    let body = '';
    for (const y of [-160, -480]) {
        body += path(`M${-w / 2 + 20} ${y + 34}h${w}l-30 120h${-w + 60}z`, g.lin([[0, '#2a1a10', 0.3], [1, '#2a1a10', 0]])) + line(`M${-w * 0.34} ${y + 30}v70M${w * 0.34} ${y + 30}v70`, '#3a2c18', 14) + line(`M${-w * 0.34} ${y + 30}v70M${w * 0.34} ${y + 30}v70`, BRASS, 9) + path(`M${-w / 2} ${y}l26 -34h${w - 52}l26 34z`, g.lin([[0, light(c, 0.2)], [1, light(c, 0.5)]])) + wood(g, -w / 2, y, w, 34, c, { r: 4 });
    }
    body += at(-w * 0.33, -176, 0.9, bookRow(g, 6)) + at(w * 0.02, -176, 0.26, plantPot(g, '#4f7a6b', 'snake').body) + at(w * 0.3, -176, 0.62, cup(g, '#c9714b', { w: 150, h: 130, tea: null })) + at(-w * 0.24, -496, 0.33, cover3(g)) + at(w * 0.08, -496, 0.8, bookRow(g, 5)) + at(w * 0.36, -496, 0.24, plantPot(g, '#e9dcc3', 'trail').body);
    return { body, w: 0, h: 780, span: w };
}
const cover3 = (g) => shadow(g, 560, 0.1) + rect(-300, -604, 604, 604, '#2a1a10', 4, 'opacity="0.25" transform="translate(12 4)"') + cover(g, -300, -604, 604, 'market', ['#27364f', '#e8a04a', '#c8553d']);
export function bookRow(g, count) {
    let out = '';
    let x = 0;
    const cols = ['#8d3b2e', '#d9a441', '#2f5d6b', '#e9dcc3', '#567057', '#3b3a4a', '#c98a6a'];
    for (let k = 0; k < count; k++) {
        const w = g.between(24, 40);
        const h = g.between(150, 210);
        const c = cols[(k * 3 + 1) % cols.length];
        out += rect(x, -h, w, h, g.lin([[0, dark(c, 0.12)], [0.25, light(c, 0.25)], [0.6, c], [1, dark(c, 0.4)]], 0, 0, 1, 0), 3) + rect(x + 5, -h + 22, w - 10, 4, light(c, 0.6)) + rect(x + 5, -h + 32, w - 10, 4, light(c, 0.6));
        x += w + 1;
    }
    return out;
}

export function stool(g, c = '#c99a5b') {
    const leg = (x1, x2, y) => line(`M${x1} -390L${x2} ${y}`, dark(c, 0.5), 36) + line(`M${x1} -390L${x2} ${y}`, c, 28) + line(`M${x1 - 6} -390L${x2 - 6} ${y - 4}`, light(c, 0.6), 7, 'opacity="0.7"') + [0.2, 0.5, 0.8].map((t) => line(`M${n(x1 + (x2 - x1) * t - 15)} ${n(-390 + (390 + y) * t)}h30`, dark(c, 0.45), 9)).join('');
    let weft = '';
    for (let k = -14; k <= 14; k++) weft += `M${k * 22} -520C${k * 21} -490 ${k * 21} -440 ${k * 20} -400M-300 ${n(-462 + k * 5.4)}Q0 ${n(-440 + k * 5.8)} 300 ${n(-462 + k * 5.4)}`;
    return { body: shadow(g, 560, 0.2) + leg(-140, -170, -90) + leg(150, 185, -90) + line('M-190 -190Q0 -120 200 -190', dark(c, 0.5), 26) + line('M-190 -192Q0 -122 200 -192', light(c, 0.1), 18) + leg(-220, -270, -8) + leg(220, 280, -8) + path('M-290 -470V-420A290 88 0 0 0 290 -420V-470z', g.round(c, 0.4)) + clipped(g.clip('<path d="M-290 -470V-420A290 88 0 0 0 290 -420V-470z"/>'), line(weft, dark(c, 0.5), 6, 'opacity="0.5"')) + oval(0, -470, 290, 88, g.lin([[0, light(c, 0.6)], [0.5, c], [1, dark(c, 0.25)]], 0, 0, 1, 0.6)) + clipped(g.clip('<ellipse cx="0" cy="-470" rx="280" ry="82"/>'), line(weft, dark(c, 0.4), 7, 'opacity="0.4"') + line(weft, light(c, 0.7), 3, 'opacity="0.7"')) + oval(0, -470, 284, 84, 'none', `stroke="${dark(c, 0.3)}" stroke-width="11"`) + oval(0, -473, 284, 84, 'none', `stroke="${light(c, 0.4)}" stroke-width="5"`), w: 0, h: 570, span: 640 };
}

export function basket(g, c = '#b78a50', s = 1) {
    const d = 'M-280 -440C-310 -250 -270 -60 -220 -12Q0 30 220 -12C270 -60 310 -250 280 -440z';
    let plait = '';
    for (let r = 0; r < 12; r++) {
        const y = -410 + r * 36;
        for (let k = -9; k <= 9; k++) {
            const x = k * 34 + (r % 2 ? 17 : 0);
            plait += `<path d="M${n(x - 17)} ${y}q17 ${-20} 34 ${4}q-4 26 -17 22q-20 -2 -17 -26z"/>`;
        }
    }
    return { body: at(0, 0, s, shadow(g, 500, 0.22) + line('M-262 -420C-330 -560 -200 -580 -160 -450', dark(c, 0.45), 30) + line('M-262 -420C-328 -556 -200 -576 -160 -450', c, 22) + oval(0, -440, 280, 74, dark(c, 0.6)) + path('M-240 -440C-200 -560 -60 -540 0 -510C80 -580 220 -540 240 -440C120 -400 -120 -400 -240 -440z', g.lin([[0, '#f7efe0'], [1, '#c9b594']], 0, 0, 1, 1)) + path('M-60 -470C20 -560 160 -560 220 -450C140 -410 20 -420 -60 -470z', g.flat('#2f5d6b', 0.25)) + path(d, g.round(c, 0.35)) + clipped(g.clip(`<path d="${d}"/>`), `<g fill="${light(c, 0.25)}" stroke="${dark(c, 0.5)}" stroke-width="3" opacity="0.6">${plait}</g>` + path(d, g.lin([[0, '#fff6e4', 0.25], [0.35, '#fff6e4', 0], [1, '#1a0f08', 0.5]], 0, 0, 1, 0.1))) + line('M-282 -436A282 74 0 0 0 282 -436', dark(c, 0.5), 34) + line('M-282 -438A282 74 0 0 0 282 -438', c, 26) + line('M-282 -442A282 74 0 0 0 282 -442', light(c, 0.5), 14, 'stroke-dasharray="22 14" opacity="0.8"') + line('M180 -384C170 -280 320 -290 300 -420', dark(c, 0.45), 28) + line('M180 -386C172 -286 318 -294 298 -420', light(c, 0.1), 20)), w: 0, h: 570 * s, span: 620 * s };
}

export function pot(g, c, { w = 380, h = 330, saucer = true } = {}) {
    const d = `M${-w / 2} ${-h}L${-w * 0.36} -14Q0 16 ${w * 0.36} -14L${w / 2} ${-h}z`;
    return shadow(g, w * 0.95, 0.24) + (saucer ? oval(0, -8, w * 0.52, w * 0.1, dark(c, 0.5)) + oval(0, -20, w * 0.52, w * 0.1, g.lin([[0, light(c, 0.35)], [0.5, c], [1, dark(c, 0.4)]], 0, 0, 1, 0)) : '') + at(0, saucer ? -18 : 0, 1, path(d, g.round(c, 0.4)) + speckles(g, `<path d="${d}"/>`, [-w / 2, -h, w, h], 60) + path(`M${-w * 0.48} ${-h * 0.78}Q0 ${-h * 0.7} ${w * 0.48} ${-h * 0.78}L${w * 0.45} ${-h * 0.6}Q0 ${-h * 0.52} ${-w * 0.45} ${-h * 0.6}z`, light(c, 0.5), 'opacity="0.22"') + rect(-w * 0.54, -h - 34, w * 1.08, 70, g.round(c, 0.5), 16) + oval(0, -h - 34, w * 0.53, w * 0.12, light(c, 0.35)) + oval(0, -h - 33, w * 0.48, w * 0.1, '#33231a') + oval(0, -h - 28, w * 0.46, w * 0.09, g.lin([[0, '#4d3626'], [1, '#2a1b12']])));
}

const leafPath = (l, w) => `M0 0C${n(l * 0.25)} ${n(-w)} ${n(l * 0.75)} ${n(-w)} ${n(l)} 0C${n(l * 0.75)} ${n(w)} ${n(l * 0.25)} ${n(w)} 0 0z`;
const leafy = (g, x, y, l, w, turn, c) => at(x, y, 1, path(leafPath(l, w), g.lin([[0, light(c, 0.28)], [0.48, c], [0.52, dark(c, 0.14)], [1, dark(c, 0.32)]])) + line(`M4 0H${n(l - 8)}`, light(c, 0.5), Math.max(2, w * 0.05), 'opacity="0.6"'), turn);

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
            for (let y = 30; y < l - 40; y += 34) bands += `M-40 ${-y}q20 ${n(g.between(-20, 4))} 40 0t40 0`;
            out += at((i - 5) * 15, 0, 1, path(d, g.lin([[0, '#d9c76a'], [0.16, '#d9c76a'], [0.2, c], [0.8, dark(c, 0.25)], [0.84, '#c2ad4e'], [1, '#c2ad4e']], 0, 0, 1, 0)) + clipped(g.clip(`<path d="${d}"/>`), line(bands, light(c, 0.45), 7, 'opacity="0.4"')), lean);
        }
    } else if (kind === 'monstera') {
        const leaf = (x, y, s, turn, c) => {
            const d = 'M0 0C-150 -20 -190 -150 -150 -230L-96 -196L-130 -262C-90 -320 -40 -345 0 -372C40 -345 96 -320 136 -256L92 -206L152 -226C190 -150 150 -20 0 0zM-156 -150L-60 -120L-168 -110zM156 -140L60 -116L160 -96z';
            return at(x, y, s, path(d, g.lin([[0, light(c, 0.32)], [0.5, c], [1, dark(c, 0.4)]], 0, 0, 1, 1), 'fill-rule="evenodd"') + line('M0 -6V-350M0 -90L-110 -70M0 -90L110 -70M0 -150L-130 -190M0 -150L128 -188M0 -220L-70 -300M0 -220L70 -296', light(c, 0.45), 5, 'opacity="0.55"'), turn);
        };
        for (const [x, y, s, t, k] of [[-60, -330, 0.8, -48, 2], [90, -360, 0.86, 40, 0], [-150, -170, 0.82, -78, 1], [170, -190, 0.8, 74, 3], [10, -380, 0.9, -6, 1], [-40, -210, 0.78, -30, 3], [90, -170, 0.72, 36, 1]]) out += line(`M0 0Q${n(x * 0.3)} ${n(y * 0.6)} ${x} ${y}`, '#4f7a3f', 11) + leaf(x, y, s, t, GREENS[k]);
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
                for (const q of [-58, 58]) left += `<path transform="translate(${n(bx)} ${n(by)}) rotate(${n(ta + q)})" d="${leafPath(s, s * 0.2)}"/>`;
            }
            out += line(`M0 0Q${n(ex * 0.45)} ${n(ey * 0.95 - 60)} ${n(ex)} ${n(ey)}`, dark(c, 0.2), 5) + `<g fill="${mix(c, '#8fbf5f', g.between(0, 0.35))}">${left}</g>`;
        }
    } else if (kind === 'trail') {
        for (let k = 0; k < 9; k++) {
            const x = (k - 4) * 62;
            const d = `M${n((k - 4) * 20)} 0C${n(x)} -120 ${n(x * 1.2)} ${n(g.between(-20, 60))} ${n(x * 1.15)} ${n(g.between(140, 330))}`;
            out += line(d, '#4f7a3f', 5);
            for (let t = 0; t < 8; t++) {
                const y = -70 + t * 42;
                if (Math.abs(k - 4) * 30 + 40 < y - 120) break;
                out += leafy(g, x * (0.7 + t * 0.06), y, 74, 26, g.between(20, 160), GREENS[(k + t) % 4]);
            }
        }
        for (let k = 0; k < 16; k++) out += leafy(g, (k - 8) * 12, -10, 120, 38, -168 + k * 10, GREENS[k % 4]);
    } else if (kind === 'herb') {
        for (let k = 0; k < 9; k++) {
            const x = (k - 4) * 30;
            const h = g.between(170, 300);
            const lean = (k - 4) * 12;
            out += line(`M${x * 0.6} 0Q${x} ${-h * 0.5} ${x + lean} ${n(-h)}`, '#4f7a3f', 7);
            for (let t = 0.3; t <= 1; t += 0.14) for (const q of [-1, 1]) out += leafy(g, x * 0.8 + lean * t, -h * t, 92 * (1.2 - t * 0.4), 30, q > 0 ? -28 : -152, GREENS[(k + Math.round(t * 9)) % 4]);
            out += leafy(g, x + lean, -h + 8, 70, 26, -90, GREENS[3]);
        }
    } else if (kind === 'orchid') {
        out += leafy(g, 0, 0, 260, 52, -150, GREENS[0]) + leafy(g, 0, 0, 270, 54, -28, GREENS[1]) + leafy(g, 0, 0, 200, 46, -110, GREENS[2]) + line('M0 0C-40 -260 40 -470 250 -500M10 0C60 -200 20 -360 -170 -420', '#56763e', 9);
        const flower = (x, y, s, t) => at(x, y, s, [-90, -18, 54, 126, 198].map((a, k) => path(leafPath(92, k % 2 ? 44 : 36), g.lin([[0, '#fff3f6'], [1, '#d987a8']], 0, 0, 1, 0), `transform="rotate(${a})"`)).join('') + disc(0, 4, 22, g.ball('#b8345f', 0.5)) + disc(0, 10, 8, '#f2c14e'), t);
        for (const [x, y, s, t] of [[30, -380, 0.8, 0], [110, -460, 0.92, 20], [190, -490, 0.86, -14], [262, -492, 0.66, 30], [-50, -360, 0.78, -20], [-130, -410, 0.8, 14], [-190, -424, 0.56, 0]]) out += flower(x, y, s, t);
    }
    return out;
}

export function plantPot(g, c, kind, { w = 380, h = 300, empty = false } = {}) {
    const p = pot(g, c, { w, h });
    return { body: kind === 'trail' || empty ? p + (empty ? '' : at(0, -h - 50, 1, foliage(g, kind))) : p + at(0, -h - 44, 1, foliage(g, kind)), w: 0, h: empty ? h + 60 : h + 44 + { snake: 600, monstera: 680, fern: 440, trail: 130, herb: 340, orchid: 560 }[kind], span: empty ? w * 1.1 : { snake: 480, monstera: 720, fern: 780, trail: 640, herb: 480, orchid: 620 }[kind] };
}

export function wateringcan(g, c) {
    const d = 'M-210 -330L-190 -20Q0 20 170 -20L190 -330z';
    return { body: shadow(g, 460, 0.22) + line('M150 -110C260 -130 270 -330 400 -470', dark(c, 0.45), 62) + line('M150 -114C256 -136 266 -330 396 -470', g.lin([[0, c], [0.5, light(c, 0.3)], [1, dark(c, 0.3)]], 0, 0, 1, 1), 48) + at(412, -488, 1, path('M-54 30L-74 -40Q0 -74 74 -40L54 30z', g.round(c, 0.5)) + oval(0, -44, 76, 26, light(c, 0.45)) + [-44, -22, 0, 22, 44].map((x) => disc(x, -44, 5, dark(c, 0.6)) + disc(x * 0.7, -54, 4, dark(c, 0.6))).join(''), 40) + line('M-190 -290C-370 -330 -370 -90 -186 -90', dark(c, 0.45), 36) + line('M-190 -290C-362 -326 -362 -96 -186 -94', light(c, 0.1), 25) + path(d, g.round(c, 0.45)) + line('M-206 -276Q0 -236 190 -276M-196 -70Q0 -34 180 -70', dark(c, 0.4), 7, 'opacity="0.5"') + line('M-206 -282Q0 -242 190 -282', light(c, 0.6), 4, 'opacity="0.6"') + oval(-10, -330, 200, 48, light(c, 0.4)) + oval(-10, -328, 186, 40, g.lin([[0, dark(c, 0.6)], [1, dark(c, 0.2)]], 0, 0, 1, 0)) + path('M-208 -340C-150 -400 130 -400 190 -336C120 -364 -140 -366 -208 -340z', g.round(c, 0.5)) + line('M-130 -380C-110 -540 130 -540 110 -380', dark(c, 0.45), 28) + line('M-130 -382C-110 -536 130 -536 110 -382', light(c, 0.2), 19), w: 0, h: 560, span: 840 };
}

export function chime(g) {
    const bell = (x, y, s) => at(x, y, s, line('M0 -170V-90', '#3a2c18', 5) + path('M-54 0C-54 -70 -34 -98 0 -104C34 -98 54 -70 54 0z', g.round(BRASS, 0.7)) + oval(0, 0, 60, 15, '#6d4d18') + oval(0, -3, 60, 14, g.lin([[0, '#f6e2b4'], [1, '#8a6426']], 0, 0, 1, 0)) + oval(0, -1, 48, 9, '#3f2c0e') + line('M0 0V44', '#3a2c18', 5) + path('M0 34C46 60 42 120 0 150C-42 120 -46 60 0 34z', g.lin([[0, '#f3dca6'], [0.5, BRASS], [1, '#8a6426']], 0, 0, 1, 0)) + line('M0 44V140', '#7e5a20', 3));
    return { body: line('M0 -1200V-720', '#3a2c18', 6) + wood(g, -300, -720, 600, 46, WOODS.teak, { r: 22 }) + rect(-300, -720, 600, 46, g.lin([[0, '#fff6e4', 0.3], [0.5, '#fff6e4', 0], [1, '#1a0f08', 0.4]]), 22) + line('M-280 -716L0 -860L280 -716', '#3a2c18', 6) + bell(-240, -430, 1.05) + bell(-80, -320, 1.2) + bell(90, -370, 1.1) + bell(240, -270, 1.16) + line('M-240 -690V-600M-80 -690V-520M90 -690V-550M240 -690V-460', '#3a2c18', 5), w: 0, h: 820, span: 700, hangs: true };
}

export function planter(g, c) {
    let body = shadow(g, 760, 0.16);
    body += at(-220, -120, 0.92, foliage(g, 'herb')) + at(0, -120, 1, foliage(g, 'herb')) + at(225, -120, 0.86, foliage(g, 'herb')) + block(g, -380, -230, 760, 230, c, { dx: 30, dy: 34 });
    for (let k = 1; k < 3; k++) body += line(`M-378 ${-230 + k * 73}H378`, dark(c, 0.5), 5, 'opacity="0.6"') + line(`M-378 ${-226 + k * 73}H378`, light(c, 0.4), 2, 'opacity="0.6"');
    for (const x of [-220, 0, 225]) body += line(`M${x} -210v70`, '#3a2c18', 6) + rect(x - 52, -196, 104, 74, g.flat('#efe6d3', 0.1), 6) + line(`M${x - 32} -170h64M${x - 32} -148h40`, '#5a6b4a', 6);
    return { body, w: 0, h: 560, span: 820 };
}

export const crate = recordCrate;
