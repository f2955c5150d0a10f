// Which product is drawn how: its ground, its drawer, the room it stands in.
// draw(g, value) takes the option value that decides the look (null where there is none).
import { box, integrated, valveamp } from './amplifiers.mjs';
import { coil, feet } from './cables.mjs';
import { chime, plantPot, planter, wateringcan } from './garden.mjs';
import { earphones, headphones, headstand } from './headphones.mjs';
import { board, mortar, phin, steamer } from './kitchen.mjs';
import { desklamp, lantern, mushroom, pendant } from './lamps.mjs';
import { brush, crate, lp, sleeves } from './records.mjs';
import { bookshelf, globe, portable, towers } from './speakers.mjs';
import { basket, sideboard, stool, wallshelf } from './storage.mjs';
import { bowl, plates, teaset, tumblers } from './tableware.mjs';
import { cushion, napkins, throwOver, triangle } from './textiles.mjs';
import { cartridge, slipmat, turntable } from './turntables.mjs';
import { WOODS } from './kit.mjs';

export const COLOURS = {
    black: '#393532',
    white: '#ece5d8',
    cream: '#ecdcbd',
    sand: '#cfb48c',
    red: '#b9382c',
    teal: '#2f7a78',
    mustard: '#dca437',
    forest: '#38573f',
    terracotta: '#c56a43',
    indigo: '#2f4a78',
    rose: '#d9808c',
    sage: '#94a77f',
    silver: '#b9b6b0',
    natural: '#c9a26c',
    copper: '#c0764a',
    brass: '#c79a4a',
    steel: '#c2beb6',
    celadon: '#9dbfa4',
};
const C = (v) => COLOURS[v];

// room: table (a wooden top by the window), floor (boards and a rug), wall (nothing beneath), air (hangs over a table)
export const THINGS = {
    'soi-bookshelf-speakers': {
        ground: 'sand',
        room: 'table',
        draw: (g, v) => bookshelf(g, WOODS[v]),
    },
    'klong-floor-speakers': {
        ground: 'mist',
        room: 'floor',
        draw: (g, v) => towers(g, WOODS[v]),
    },
    'tuk-tuk-portable-speaker': {
        ground: 'honey',
        room: 'table',
        draw: (g, v) => portable(g, C(v)),
    },
    'rim-nam-garden-speaker': {
        ground: 'leaf',
        room: 'garden',
        focus: [0, -400],
        draw: (g) => globe(g),
    },
    'lom-over-ear-headphones': {
        ground: 'clay',
        room: 'table',
        draw: (g, v) => headphones(g, C(v)),
    },
    'tao-on-ear-headphones': {
        ground: 'sky',
        room: 'table',
        draw: (g, v) => headphones(g, C(v), { thin: true, pad: '#4a3a31' }),
    },
    'met-earphones': { ground: 'rose', room: 'table', draw: (g, v) => earphones(g, C(v)) },
    'teak-headphone-stand': {
        ground: 'sage',
        room: 'table',
        focus: [0, -640],
        draw: (g) => headstand(g),
        dressed: (g) => headstand(g, WOODS.teak, COLOURS.forest),
    },
    'dao-belt-turntable': {
        ground: 'clay',
        room: 'table',
        draw: (g, v) => turntable(g, WOODS[v]),
    },
    'phra-chan-direct-turntable': {
        ground: 'sky',
        room: 'table',
        focus: [180, -240],
        draw: (g) => turntable(g, WOODS.black, { direct: true, label: '#d9a441' }),
    },
    'sai-fon-cartridge': { ground: 'sand', room: 'table', draw: (g) => cartridge(g) },
    'cork-slipmat': { ground: 'mist', room: 'table', draw: (g, v) => slipmat(g, v) },
    'mekhala-valve-amplifier': {
        ground: 'dusk',
        room: 'table',
        focus: [-100, -260],
        draw: (g) => valveamp(g),
    },
    'sen-integrated-amplifier': {
        ground: 'sand',
        room: 'table',
        draw: (g, v) => integrated(g, C(v)),
    },
    'krajok-phono-stage': { ground: 'sage', room: 'table', draw: (g) => box(g, '#5b6f6a') },
    'lek-headphone-dac': {
        ground: 'rose',
        room: 'table',
        draw: (g, v) => box(g, C(v), { dac: true }),
    },
    'sai-thong-speaker-cable': { ground: 'clay', room: 'table', draw: (g, v) => coil(g, C(v)) },
    'khu-rca-cable': {
        ground: 'mist',
        room: 'table',
        draw: (g) => coil(g, '#3d4a5e', { plug: 'rca', turns: 5 }),
    },
    'braided-headphone-cable': {
        ground: 'sand',
        room: 'table',
        draw: (g, v) => coil(g, C(v), { plug: 'jack', turns: 6 }),
    },
    'isolation-feet': { ground: 'sky', room: 'table', draw: (g, v) => feet(g, C(v)) },
    'record-brush': { ground: 'honey', room: 'table', draw: (g) => brush(g) },
    'mango-wood-record-crate': {
        ground: 'sage',
        room: 'floor',
        draw: (g, v) => crate(g, WOODS[v]),
    },
    'inner-sleeves': { ground: 'clay', room: 'table', draw: (g) => sleeves(g) },
    'night-market-lp': {
        ground: 'rose',
        room: 'table',
        draw: (g, v) => lp(g, 'market', v === 'amber' ? '#b8651b' : undefined),
    },
    'rain-on-tin-lp': {
        ground: 'sky',
        room: 'table',
        focus: [190, -330],
        draw: (g) => lp(g, 'rain'),
    },
    'kom-floor-lantern': {
        ground: 'dusk',
        room: 'floor',
        draw: (g) => lantern(g),
        small: (g) => lantern(g, false),
    },
    'het-table-lamp': { ground: 'sand', room: 'table', draw: (g, v) => mushroom(g, C(v)) },
    'krathip-pendant': { ground: 'dusk', room: 'air', focus: [0, -360], draw: (g) => pendant(g) },
    'an-reading-lamp': { ground: 'mist', room: 'table', draw: (g, v) => desklamp(g, C(v)) },
    'celadon-tea-set': {
        ground: 'rose',
        room: 'table',
        focus: [-60, -300],
        draw: (g) => teaset(g, C('celadon')),
    },
    'tok-noodle-bowl': { ground: 'honey', room: 'table', draw: (g, v) => bowl(g, C(v)) },
    'supper-plates': { ground: 'sand', room: 'table', draw: (g, v) => plates(g, C(v)) },
    'iced-tea-tumblers': { ground: 'leaf', room: 'table', draw: (g, v) => tumblers(g, C(v)) },
    'phin-coffee-filter': { ground: 'clay', room: 'table', draw: (g, v) => phin(g, C(v)) },
    'granite-mortar': {
        ground: 'sage',
        room: 'table',
        focus: [-20, -330],
        draw: (g) => mortar(g),
    },
    'bamboo-steamer': { ground: 'rose', room: 'table', draw: (g) => steamer(g) },
    'tamarind-board': { ground: 'mist', room: 'table', draw: (g, v) => board(g, WOODS[v]) },
    'indigo-cushion': {
        ground: 'sand',
        room: 'floor',
        draw: (g, v) => cushion(g, C('indigo'), v),
    },
    'mon-khwan-cushion': { ground: 'honey', room: 'floor', draw: (g, v) => triangle(g, C(v)) },
    'cotton-throw': { ground: 'mist', room: 'floor', draw: (g, v) => throwOver(g, C(v)) },
    'linen-napkins': { ground: 'sage', room: 'table', draw: (g, v) => napkins(g, C(v)) },
    'record-sideboard': { ground: 'clay', room: 'floor', draw: (g, v) => sideboard(g, WOODS[v]) },
    'ruean-wall-shelf': { ground: 'sky', room: 'wall', draw: (g, v) => wallshelf(g, WOODS[v]) },
    'rattan-stool': { ground: 'leaf', room: 'floor', draw: (g) => stool(g) },
    'hyacinth-basket': {
        ground: 'rose',
        room: 'floor',
        focus: [-60, -300],
        draw: (g) => basket(g),
    },
    'snake-plant': {
        ground: 'clay',
        room: 'floor',
        draw: (g) => plantPot(g, '#e3d3b4', 'snake'),
    },
    'moth-orchid': {
        ground: 'sky',
        room: 'table',
        focus: [60, -760],
        draw: (g) => plantPot(g, '#7f9fa6', 'orchid', { w: 320, h: 230 }),
    },
    'balcony-pot': {
        ground: 'leaf',
        room: 'garden',
        draw: (g, v) =>
            plantPot(
                g,
                C(v),
                { terracotta: 'monstera', teal: 'fern', indigo: 'snake', cream: 'trail' }[v],
            ),
    },
    'watering-can': { ground: 'honey', room: 'garden', draw: (g, v) => wateringcan(g, C(v)) },
    'herb-planter': { ground: 'mist', room: 'garden', draw: (g) => planter(g, WOODS.acacia) },
    'temple-bell-chime': { ground: 'sage', room: 'air', draw: (g) => chime(g) },
};

// The look of a thing when nothing is chosen: the first value of the option that shows.
export const SHOWN = ['colour', 'wood', 'glaze', 'finish', 'pattern', 'edition'];
