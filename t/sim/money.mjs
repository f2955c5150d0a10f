// Currencies as the provider counts them: integer amounts in the smallest unit.

const ZERO = new Set(('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf').split(' '));
const THREE = new Set('bhd jod kwd omr tnd'.split(' '));
// Written with two decimals for history's sake, though nobody pays a fraction of them.
const WHOLE_ONLY = new Set(['isk', 'ugx']);

// Smallest charge; where the provider publishes none, about half a US dollar.
const LEAST = {
    usd: 50, aed: 200, aud: 50, bgn: 100, brl: 50, cad: 50, chf: 50, czk: 1500, dkk: 250, eur: 50,
    gbp: 30, hkd: 400, huf: 17500, inr: 50, jpy: 50, mxn: 1000, myr: 200, nok: 300, nzd: 50,
    pln: 200, ron: 200, sek: 300, sgd: 50, thb: 1000, vnd: 13000, krw: 700, idr: 820000,
    php: 3000, twd: 1600,
};
export const MOST = 99_999_999;

const KNOWN = new Set(Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()));
const NEVER = /^(x(?!af|of|pf|cd)|irr|kpw|syp|cup|sdd)/;

export function isCurrency(code) {
    return /^[a-z]{3}$/.test(code) && KNOWN.has(code) && !NEVER.test(code);
}

export function exponent(code) {
    return ZERO.has(code) ? 0 : THREE.has(code) ? 3 : 2;
}

export function least(code) {
    return LEAST[code] ?? (ZERO.has(code) ? 500 : THREE.has(code) ? 200 : 50);
}

// What is wrong with charging this amount: null, or {code, message}.
export function chargeFault(amount, code) {
    if (amount > MOST) {
        return { code: 'amount_too_large', message: `Amount must be no more than ${MOST}.` };
    }
    if (amount < least(code)) {
        return {
            code: 'amount_too_small',
            message: `The total must be at least ${format(least(code), code)}.`,
        };
    }
    return stepFault(amount, code);
}

// What is wrong with writing this amount, of a charge or of what goes back of one.
export function stepFault(amount, code) {
    if (THREE.has(code) && amount % 10 !== 0) {
        return {
            code: null,
            message: `Amounts in ${code} have three decimals and the last must be 0.`,
        };
    }
    if (WHOLE_ONLY.has(code) && amount % 100 !== 0) {
        return { code: null, message: `Amounts in ${code} must be whole: a multiple of 100.` };
    }
    return null;
}

export function format(amount, code, language = 'en') {
    const digits = WHOLE_ONLY.has(code) ? 0 : exponent(code);
    const value = amount / 10 ** exponent(code);
    return new Intl.NumberFormat(language, {
        style: 'currency', currency: code.toUpperCase(), currencyDisplay: 'narrowSymbol',
        minimumFractionDigits: digits, maximumFractionDigits: digits,
    }).format(value);
}
