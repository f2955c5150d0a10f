// Form bodies as Stripe reads them: a[b][c]=2, a[0][b]=c, a[]=x, "key=" for null.
// Gives a tree of null-prototype objects and strings; lists are objects with number-like keys.
// Refuses what is too deep, too much, or says two things at once.

export class FormError extends Error {
    constructor(message, param = null) {
        super(message);
        this.param = param;
    }
}

const KEY = /^([^[\]]+)((?:\[[^[\]]*\])*)$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function plain(part) {
    let out = part.includes('+') ? part.replaceAll('+', ' ') : part;
    if (out.includes('%')) {
        try {
            out = decodeURIComponent(out);
        } catch {
            throw new FormError('The body holds a broken percent escape, or is not UTF-8.');
        }
    }
    if (out.includes('\0')) throw new FormError('A parameter holds a NUL byte.');
    return out;
}

function nextIndex(node) {
    let next = 0;
    for (const key of Object.keys(node)) {
        if (/^\d+$/.test(key)) next = Math.max(next, Number(key) + 1);
    }
    return String(next);
}

// "a[][x]=1&a[][y]=2" is one element, "a[][x]=1&a[][x]=2" two: a key that repeats begins the next.
function listSlot(node, following) {
    const next = nextIndex(node);
    if (following === undefined || next === '0') return next;
    const last = String(Number(next) - 1);
    const element = node[last];
    const open = element && typeof element === 'object' && element[following] === undefined;
    return open ? last : next;
}

function place(root, path, value, key) {
    let node = root;
    for (let i = 0; i < path.length; i++) {
        const name = path[i] === '' ? listSlot(node, path[i + 1]) : path[i];
        const here = node[name];
        if (i === path.length - 1) {
            if (here !== undefined && typeof here !== 'string') {
                throw new FormError(`${key} is given both as a value and as a hash.`, key);
            }
            node[name] = value;
            return;
        }
        if (typeof here === 'string') {
            throw new FormError(`${key} is given both as a value and as a hash.`, key);
        }
        node = node[name] ??= Object.create(null);
    }
}

export function decodeForm(input, { maxPairs = 1000, maxDepth = 8 } = {}) {
    let text = input;
    if (typeof input !== 'string') {
        try {
            text = utf8.decode(input);
        } catch {
            throw new FormError('The body is not UTF-8.');
        }
    }
    const root = Object.create(null);
    if (text === '') return root;
    const pairs = text.split('&', maxPairs + 1);
    if (pairs.length > maxPairs) throw new FormError(`More than ${maxPairs} parameters.`);
    for (const pair of pairs) {
        if (pair === '') continue;
        const cut = pair.indexOf('=');
        const key = plain(cut < 0 ? pair : pair.slice(0, cut));
        const value = cut < 0 ? '' : plain(pair.slice(cut + 1));
        const match = KEY.exec(key);
        if (!match) throw new FormError(`Cannot read the parameter name ${key.slice(0, 80)}.`, key);
        const path = [match[1]];
        for (const inner of match[2].matchAll(/\[([^[\]]*)\]/g)) path.push(inner[1]);
        if (path.length > maxDepth) {
            throw new FormError(`${key.slice(0, 80)} is nested too deep.`, key);
        }
        place(root, path, value, key);
    }
    return root;
}

// The same tree in one fixed order, to compare two requests.
export function canonical(tree) {
    if (typeof tree === 'string') return JSON.stringify(tree);
    const keys = Object.keys(tree).sort();
    return `{${keys.map((k) => `${JSON.stringify(k)}:${canonical(tree[k])}`).join(',')}}`;
}
