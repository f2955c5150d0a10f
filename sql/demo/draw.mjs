// node sql/demo/draw.mjs OUTDIR: draws every picture the demo shop shows.
//
// Reads catalogue.json and the product files it includes; writes one SVG for each picture named
// there, hero-1.svg and category-<slug>.svg. Nothing is random: the seed is the file's own name,
// so the same catalogue gives the same bytes on every machine.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { category, detail, front, hero, range, room } from './draw/scenes.mjs';
import { SHOWN, THINGS } from './draw/things.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));

export function catalogue() {
    const read = (file) => JSON.parse(fs.readFileSync(path.join(HERE, file), 'utf8'));
    const all = read('catalogue.json');
    return { ...all, products: all.include.flatMap((file) => read(file).products) };
}

export function drawPicture(product, picture) {
    const thing = THINGS[product.slug];
    if (!thing) throw new Error(`no drawing for ${product.slug}: add it to draw/things.mjs`);
    const shown = product.options.find((o) => SHOWN.includes(o.code));
    const values = shown ? shown.values.map((v) => v.code) : [null];
    const value = picture.option?.[shown?.code] ?? values[0];
    switch (picture.view) {
        case 'front':
            return front(picture.file, thing, value);
        case 'range':
            return range(picture.file, thing, values);
        case 'room':
            return room(picture.file, thing, values.at(-1));
        case 'detail':
            return detail(picture.file, thing, value);
        default:
            throw new Error(`${picture.file}: no view named ${picture.view}`);
    }
}

// Every picture as [file name, SVG text].
export function* pictures(shop = catalogue()) {
    yield ['hero-1.svg', hero('hero-1')];
    for (const c of shop.categories) yield [`category-${c.slug}.svg`, category(c.slug)];
    for (const p of shop.products)
        for (const picture of p.pictures) yield [picture.file, drawPicture(p, picture)];
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
    const out = process.argv[2];
    if (!out) {
        console.error('usage: node sql/demo/draw.mjs OUTDIR');
        process.exit(2);
    }
    fs.mkdirSync(out, { recursive: true });
    let count = 0;
    for (const [file, svg] of pictures()) {
        fs.writeFileSync(path.join(out, file), svg);
        count++;
    }
    console.log(`${count} pictures drawn in ${out}`);
}
