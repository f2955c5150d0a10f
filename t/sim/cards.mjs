// The test cards, what each does, and the rules a typed card must pass first.
// A card number never leaves this file: what is kept is brand, last four digits and a fingerprint.

import { createHash } from 'node:crypto';

const decline = (code, decline_code, message) => ({ kind: 'decline', code, decline_code, message });

const DECLINED = 'Your card was declined.';
const CARDS = {
    4242424242424242: { as: 'pm_card_visa', does: { kind: 'pay' } },
    5555555555554444: { as: 'pm_card_mastercard', does: { kind: 'pay' } },
    378282246310005: { as: 'pm_card_amex', does: { kind: 'pay' } },
    4000000000000002: {
        as: 'pm_card_chargeDeclined',
        does: decline('card_declined', 'generic_decline', DECLINED),
    },
    4000000000009995: {
        as: 'pm_card_chargeDeclinedInsufficientFunds',
        does: decline('card_declined', 'insufficient_funds', 'Your card has insufficient funds.'),
    },
    4000000000009987: {
        as: 'pm_card_chargeDeclinedLostCard',
        does: decline('card_declined', 'lost_card', DECLINED),
    },
    4000000000000069: {
        as: 'pm_card_chargeDeclinedExpiredCard',
        does: decline('expired_card', 'expired_card', 'Your card has expired.'),
    },
    4000000000000127: {
        as: 'pm_card_chargeDeclinedIncorrectCvc',
        does: decline('incorrect_cvc', 'incorrect_cvc', "Your card's security code is incorrect."),
    },
    4000000000000119: {
        as: 'pm_card_chargeDeclinedProcessingError',
        does: decline('processing_error', 'processing_error',
            'An error occurred while processing your card. Try again in a little bit.'),
    },
    4000002500003155: { as: 'pm_card_threeDSecure2Required', does: { kind: '3ds' } },
    4000002760003184: { as: 'pm_card_authenticationRequired', does: { kind: '3ds' } },
    4000000000000077: { as: 'pm_sim_async_success', does: { kind: 'later', well: true } },
    4000000000000085: { as: 'pm_sim_async_failure', does: { kind: 'later', well: false } },
    4000000000005126: { as: 'pm_card_refundFail', does: { kind: 'pay', refund: 'fails' } },
    4000000000000259: {
        as: 'pm_card_createDispute', does: { kind: 'pay', dispute: { reason: 'fraudulent' } },
    },
    4000000000002685: {
        as: 'pm_card_createDisputeProductNotReceived',
        does: { kind: 'pay', dispute: { reason: 'product_not_received' } },
    },
    4000000000001976: {
        as: 'pm_card_createDisputeInquiry',
        does: { kind: 'pay', dispute: { reason: 'fraudulent', inquiry: true } },
    },
    4000000000007726: { as: 'pm_card_pendingRefund', does: { kind: 'pay', refund: 'pending' } },
};
const BY_NAME = new Map(Object.entries(CARDS).map(([number, card]) => [card.as, number]));
const NOT_A_TEST_CARD = decline('card_declined', 'test_mode_live_card',
    'Your card was declined. This page only takes test cards, and this is not one.');

// What the page offers, in its order; the words are in words.mjs under the same names.
export const SHOWN = [
    ['4242424242424242', 'pays'],
    ['4000002500003155', 'asks'],
    ['4000000000000002', 'declined'],
    ['4000000000009995', 'poor'],
    ['4000000000000077', 'later_well'],
    ['4000000000000085', 'later_ill'],
];

export function luhn(digits) {
    let sum = 0;
    for (let i = 0; i < digits.length; i++) {
        let d = digits.charCodeAt(digits.length - 1 - i) - 48;
        if (i % 2) d = d > 4 ? d * 2 - 9 : d * 2;
        sum += d;
    }
    return sum % 10 === 0;
}

function brand(digits) {
    if (/^3[47]/.test(digits)) return 'amex';
    if (/^(5[1-5]|2[2-7])/.test(digits)) return 'mastercard';
    if (/^35/.test(digits)) return 'jcb';
    if (/^4/.test(digits)) return 'visa';
    return 'unknown';
}

const wrong = (field, code, message) => ({ fault: { field, code, message } });

function expiry(month, year, now) {
    const m = Number(month);
    if (!/^\d{1,2}$/.test(month) || m < 1 || m > 12) {
        return wrong('exp', 'invalid_expiry_month', "Your card's expiration month is invalid.");
    }
    const y = /^\d{2}$/.test(year) ? 2000 + Number(year) : Number(year);
    const today = new Date(now);
    const thisYear = today.getUTCFullYear();
    if (!/^(\d{2}|\d{4})$/.test(year) || y < thisYear || y > thisYear + 50) {
        return wrong('exp', 'invalid_expiry_year', "Your card's expiration year is invalid.");
    }
    if (y === thisYear && m < today.getUTCMonth() + 1) {
        return wrong('exp', 'invalid_expiry_month', "Your card's expiration month is in the past.");
    }
    return { month: m, year: y };
}

// {card, does} for what was typed, or {fault: {field, code, message}}.
export function readCard({ number, month, year, cvc }, now) {
    const digits = String(number ?? '').replace(/[\s-]/g, '');
    if (digits === '') {
        return wrong('number', 'incomplete_number', 'Your card number is incomplete.');
    }
    if (!/^\d{12,19}$/.test(digits) || !luhn(digits)) {
        return wrong('number', 'incorrect_number', 'Your card number is incorrect.');
    }
    const until = expiry(String(month ?? ''), String(year ?? ''), now);
    if (until.fault) return until;
    const length = brand(digits) === 'amex' ? 4 : 3;
    if (cvc !== null && !new RegExp(`^\\d{${length}}$`).test(String(cvc ?? ''))) {
        return wrong('cvc', 'invalid_cvc', "Your card's security code is invalid.");
    }
    const fingerprint = createHash('sha256').update(`simulator ${digits}`).digest('base64url');
    return {
        card: {
            brand: brand(digits), last4: digits.slice(-4), exp_month: until.month,
            exp_year: until.year, fingerprint: fingerprint.replace(/[-_]/g, 'x').slice(0, 16),
            cvc_check: cvc === null ? null : 'pass',
        },
        does: CARDS[digits]?.does ?? NOT_A_TEST_CARD,
    };
}

// The number behind a test method's name ("pm_card_visa"), or null.
export function cardNamed(name) {
    return BY_NAME.get(name) ?? null;
}
