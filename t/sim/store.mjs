// Everything the simulator remembers: shelves of plain objects by id, oldest dropped when full.
// With a file, each commit is one line appended in one write; a torn last line is ignored on
// reading, and the file is rewritten beside itself and renamed when it has grown stale.

import fs from 'node:fs';

const KINDS = ['session', 'intent', 'charge', 'refund', 'dispute', 'method', 'event', 'key',
    'endpoint'];
const SMALLEST_REWRITE = 8 << 20;

class Shelf {
    constructor(keep) {
        this.keep = keep;
        this.all = new Map();
        this.ids = [];
        this.head = 0;
    }

    put(object) {
        if (!this.all.has(object.id)) this.ids.push(object.id);
        this.all.set(object.id, object);
        while (this.all.size > this.keep) this.drop();
    }

    drop() {
        this.all.delete(this.ids[this.head++]);
        if (this.head > 1024 && this.head * 2 > this.ids.length) {
            this.ids = this.ids.slice(this.head);
            this.head = 0;
        }
    }

    * newestFirst() {
        for (let i = this.ids.length - 1; i >= this.head; i--) yield this.all.get(this.ids[i]);
    }
}

export class Store {
    constructor({ file = null, keep = 10_000 } = {}) {
        this.shelves = new Map(KINDS.map((kind) => [kind, new Shelf(keep)]));
        this.file = file;
        this.dirty = new Map();
        this.handle = null;
        if (file) this.open();
    }

    get(kind, id) {
        return this.shelves.get(kind).all.get(id) ?? null;
    }

    put(kind, object) {
        this.shelves.get(kind).put(object);
        if (this.file) this.dirty.set(`${kind} ${object.id}`, [kind, object]);
        return object;
    }

    newest(kind) {
        return this.shelves.get(kind).newestFirst();
    }

    count(kind) {
        return this.shelves.get(kind).all.size;
    }

    // All changes since the last commit become one line: whole, or not there.
    commit() {
        if (!this.file || this.dirty.size === 0) return;
        const line = Buffer.from(`${JSON.stringify([...this.dirty.values()])}\n`);
        this.dirty.clear();
        fs.writeSync(this.handle, line);
        this.bytes += line.length;
        if (this.bytes > Math.max(SMALLEST_REWRITE, 3 * this.fresh)) this.rewrite();
    }

    open() {
        if (fs.existsSync(this.file)) this.load();
        this.rewrite();
    }

    load() {
        const handle = fs.openSync(this.file, 'r');
        const chunk = Buffer.alloc(1 << 20);
        let rest = Buffer.alloc(0);
        for (let n; (n = fs.readSync(handle, chunk, 0, chunk.length, null)) > 0;) {
            rest = Buffer.concat([rest, chunk.subarray(0, n)]);
            let from = 0;
            for (let at; (at = rest.indexOf(10, from)) >= 0; from = at + 1) {
                this.take(rest.toString('utf8', from, at));
            }
            rest = rest.subarray(from);
        }
        fs.closeSync(handle);
    }

    take(line) {
        let changes;
        try {
            changes = JSON.parse(line);
        } catch {
            return;
        }
        for (const [kind, object] of changes) this.shelves.get(kind)?.put(object);
    }

    rewrite() {
        const beside = `${this.file}.new`;
        const handle = fs.openSync(beside, 'w', 0o600);
        this.bytes = 0;
        for (const [kind, shelf] of this.shelves) {
            for (const id of shelf.ids.slice(shelf.head)) {
                const line = Buffer.from(`${JSON.stringify([[kind, shelf.all.get(id)]])}\n`);
                fs.writeSync(handle, line);
                this.bytes += line.length;
            }
        }
        fs.fsyncSync(handle);
        fs.renameSync(beside, this.file);
        if (this.handle !== null) fs.closeSync(this.handle);
        this.handle = handle;
        this.fresh = this.bytes;
    }

    close() {
        this.commit();
        if (this.handle !== null) fs.closeSync(this.handle);
        this.handle = null;
        this.file = null;
    }
}
