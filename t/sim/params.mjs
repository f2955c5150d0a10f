// Declared parameters: each endpoint says what it takes, everything else is refused by name.
// A rule is a function (value, path) -> typed value; `path` is the name as the caller wrote it.

import { invalid } from './errors.mjs';
import { isCurrency } from './money.mjs';

const flag = (rule, marks) => Object.assign(rule, marks);

function scalar(value, path) {
    if (typeof value !== 'string') throw invalid(`Invalid value for ${path}: expected text.`, path);
}

function filled(value, path) {
    scalar(value, path);
    if (value === '') {
        throw invalid(`${path} cannot be unset: an empty value was given.`, path,
            'parameter_invalid_empty');
    }
}

export const required = (rule) => flag((v, p) => rule(v, p), { required: true, kind: rule.kind });

export const text = (max = 5000) => (value, path) => {
    filled(value, path);
    if (value.length > max) {
        throw invalid(`${path} may be at most ${max} characters long.`, path,
            'parameter_invalid_string_length');
    }
    return value;
};

// An empty value unsets it.
export const clearable = (rule) => (value, path) => (value === '' ? null : rule(value, path));

export const integer = (low, high) => (value, path) => {
    filled(value, path);
    if (!/^-?\d{1,15}$/.test(value)) {
        throw invalid(`Invalid integer: ${value.slice(0, 40)}`, path, 'parameter_invalid_integer');
    }
    const number = Number(value);
    if (number < low) {
        throw invalid(`${path} must be at least ${low}.`, path, 'parameter_invalid_integer');
    }
    if (number > high) {
        throw invalid(`${path} must be at most ${high}.`, path, 'parameter_invalid_integer');
    }
    return number;
};

export const bool = (value, path) => {
    filled(value, path);
    if (value !== 'true' && value !== 'false') throw invalid(`Invalid boolean: ${value}`, path);
    return value === 'true';
};

export const choice = (...allowed) => (value, path) => {
    filled(value, path);
    if (!allowed.includes(value)) {
        throw invalid(`Invalid ${path}: must be one of ${allowed.join(', ')}.`, path);
    }
    return value;
};

export const currency = (value, path) => {
    filled(value, path);
    if (!isCurrency(value)) {
        throw invalid(`Invalid currency: ${value.slice(0, 20)}. Use a lower-case ISO code.`, path);
    }
    return value;
};

export const email = (value, path) => {
    filled(value, path);
    if (value.length > 512 || !/^[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>.]+$/.test(value)) {
        throw invalid(`Invalid email address: ${value.slice(0, 80)}`, path, 'email_invalid');
    }
    return value;
};

export const url = (value, path) => {
    filled(value, path);
    let parsed = null;
    try {
        parsed = new URL(value);
    } catch { /* told below */ }
    if (value.length > 5000 || !parsed || !/^https?:$/.test(parsed.protocol)) {
        throw invalid('Not a valid URL: it must be explicit and begin with http:// or https://.',
            path, 'url_invalid');
    }
    return value;
};

// Up to 50 pairs; the caller merges them, an empty value takes a key away.
export const metadata = flag((value, path) => {
    if (value === '') return null;
    if (typeof value !== 'object') throw invalid(`Invalid hash: ${path}`, path);
    const out = {};
    const keys = Object.keys(value);
    if (keys.length > 50) throw invalid(`${path} may hold at most 50 keys.`, path);
    for (const key of keys) {
        const inner = `${path}[${key}]`;
        if (key.length > 40) throw invalid(`Metadata keys are at most 40 characters.`, inner);
        if (typeof value[key] !== 'string') throw invalid('Metadata values are text.', inner);
        if (value[key].length > 500) {
            throw invalid('Metadata values are at most 500 characters.', inner);
        }
        Object.defineProperty(out, key, {
            value: value[key], enumerable: true, writable: true, configurable: true,
        });
    }
    return out;
}, { kind: 'metadata' });

export const list = (rule, max = 100) => (value, path) => {
    if (value === '') return [];
    if (typeof value !== 'object') throw invalid(`Invalid array: ${path}`, path);
    const keys = Object.keys(value);
    if (keys.some((key) => !/^\d{1,9}$/.test(key))) throw invalid(`Invalid array: ${path}`, path);
    if (keys.length > max) throw invalid(`${path} may hold at most ${max} elements.`, path);
    keys.sort((a, b) => a - b);
    return keys.map((key, i) => rule(value[key], `${path}[${i}]`));
};

export const shape = (spec) => (value, path) => {
    if (typeof value !== 'object') throw invalid(`Invalid object: ${path}`, path);
    return read(value, spec, path);
};

export function read(tree, spec, prefix = '') {
    const name = (key) => (prefix ? `${prefix}[${key}]` : key);
    const unknown = Object.keys(tree).filter((key) => !Object.hasOwn(spec, key));
    if (unknown.length) {
        const names = unknown.slice(0, 5).map(name).join(', ');
        throw invalid(`Received unknown parameter${unknown.length > 1 ? 's' : ''}: ${names}`,
            name(unknown[0]), 'parameter_unknown');
    }
    const out = {};
    for (const [key, rule] of Object.entries(spec)) {
        if (tree[key] !== undefined) out[key] = rule(tree[key], name(key));
        else if (rule.required) {
            throw invalid(`Missing required param: ${name(key)}.`, name(key), 'parameter_missing');
        }
    }
    return out;
}

export function mergeMetadata(old, given) {
    if (given === undefined) return old;
    if (given === null) return {};
    const merged = new Map(Object.entries(old));
    for (const [key, value] of Object.entries(given)) {
        if (value === '') merged.delete(key);
        else merged.set(key, value);
    }
    if (merged.size > 50) throw invalid('metadata may hold at most 50 keys.', 'metadata');
    return Object.fromEntries(merged);
}
