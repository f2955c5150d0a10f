// The hosted page: one screen to pay on, one to answer one's bank, and a sentence with a way on
// for every other state. Plain HTML, no script; the one style sheet is allowed by its hash.
// A card number typed here is looked at once and never written back or kept.

import { createHash } from 'node:crypto';
import { SHOWN } from './cards.mjs';
import { format } from './money.mjs';
import { total } from './shapes.mjs';
import { WORDS, language } from './words.mjs';
import { STYLE } from './style.mjs';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escape = (text) => String(text ?? '').replace(/[&<>"']/g, (c) => ESCAPES[c]);

const origin = (url) => {
    try {
        return new URL(url).origin;
    } catch {
        return null;
    }
};

// Browsers hold redirects after a form to form-action too, so the shop's origin must stand there.
export function pageHeaders(addresses = []) {
    const shops = [...new Set(addresses.filter(Boolean).map(origin).filter(Boolean))];
    return {
        'Content-Type': 'text/html; charset=utf-8',
        'Cache-Control': 'no-store',
        'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; `
            + `img-src data:; form-action ${["'self'", ...shops].join(' ')}; base-uri 'none'; `
            + "frame-ancestors 'none'",
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
        'Referrer-Policy': 'no-referrer',
        'X-Content-Type-Options': 'nosniff',
        'X-Frame-Options': 'DENY',
        'X-Robots-Tag': 'noindex',
    };
}

export function speak(locale, accept) {
    const code = language(locale, accept);
    const say = (key, values = {}) => escape(WORDS[code][key]
        .replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole));
    say.language = code;
    return say;
}

function frame(say, title, body) {
    return `<!doctype html>
<html lang="${say.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header class="test"><strong>${say('test')}</strong> <span>${say('test_long')}</span></header>
${body}
</body>
</html>
`;
}

const paragraph = (text, name = '') => (text ? `<p${name && ` class="${name}"`}>${text}</p>` : '');

export function notice(say, { title, text, links = [] }) {
    const list = links.filter((link) => link.href).map(({ href, words }, i) =>
        `<p><a class="${i ? 'quiet' : 'button'}" href="${escape(href)}">${words}</a></p>`);
    return frame(say, title, `<main class="notice">
<h1>${title}</h1>
${paragraph(text)}
${list.join('\n')}
</main>`);
}

const money = (say, amount, currency) => format(amount, currency, say.language);

function summary(say, s, merchant) {
    const lines = s.lines.map((line) => `<li>
<div><b>${escape(line.name)}</b>${line.description ? `<p>${escape(line.description)}</p>` : ''}
${line.quantity > 1 ? `<p>${say('quantity', { n: line.quantity })} · ${
    say('each', { price: money(say, line.unit_amount, s.currency) })}</p>` : ''}</div>
<span>${escape(money(say, line.quantity * line.unit_amount, s.currency))}</span>
</li>`);
    return `<section class="order">
<p class="merchant">${monogram(merchant)}${escape(merchant)}</p>
<h1 class="ask">${say('pay_to', { merchant })}</h1>
<p class="amount">${escape(money(say, total(s), s.currency))}</p>
<ul>${lines.join('')}</ul>
<p class="sum"><span>${say('total')}</span><span>${
    escape(money(say, total(s), s.currency))}</span></p>
</section>`;
}

const monogram = (merchant) =>
    `<span class="mark" aria-hidden="true">${escape([...merchant][0] ?? '')}</span>`;

function field(say, name, { label, value = '', error, attributes }) {
    const wrong = error ? ` aria-invalid="true" aria-describedby="${name}-error"` : '';
    return `<div class="field ${name}">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" value="${escape(value)}" ${attributes}${wrong}>
${error ? `<p class="error" id="${name}-error">${error}</p>` : ''}
</div>`;
}

function cardsTable(say, base) {
    const rows = SHOWN.map(([number, what]) => `<li>
<span class="number">${number.replace(/(\d{4})(?=\d)/g, '$1 ')}</span>
<span class="what">${say(what)}</span>
<a href="${escape(base)}?fill=${what}" aria-label="${say('use')}: ${say(what)}">${say('use')}</a>
</li>`);
    return `<details class="help" open><summary>${say('test_cards')}</summary>
<p>${say('test_cards_hint')}</p>
<ul class="cards">${rows.join('')}</ul></details>`;
}

// `typed`: what the buyer wrote before (never the card's number or code). `errors`: field -> text.
// `refusal`: why the last try failed. `fill`: the test card chosen from the list.
export function payPage(say, s, { merchant, typed = {}, errors = {}, refusal = '', fill = null }) {
    const amount = money(say, total(s), s.currency);
    const chosen = SHOWN.find(([, what]) => what === fill)?.[0];
    const email = typed.email ?? s.customer_email ?? (chosen ? 'buyer@example.com' : '');
    const trouble = refusal || Object.values(errors)[0];
    const future = String((new Date().getUTCFullYear() + 4) % 100).padStart(2, '0');
    return frame(say, `${say('pay_to', { merchant })} · ${escape(amount)}`, `<main class="pay">
${summary(say, s, merchant)}
<section class="form">
${trouble ? `<div class="alert" role="alert" tabindex="-1"><b>${say('wrong')}</b>
<p>${trouble}</p><p>${say('again')}</p></div>` : ''}
<form method="post" action="${escape(s.id)}" novalidate>
<h2>${say('contact')}</h2>
${field(say, 'email', { label: say('email'), value: email, error: errors.email,
        attributes: s.customer_email ? 'type="email" autocomplete="email" readonly'
            : 'type="email" autocomplete="email" inputmode="email" required maxlength="254"' })}
<h2>${say('card')}</h2>
${field(say, 'number', { label: say('number'), value: chosen ?? '', error: errors.number,
        attributes: 'autocomplete="cc-number" inputmode="numeric" required maxlength="25" '
            + 'placeholder="1234 1234 1234 1234"' })}
<div class="pair">
${field(say, 'exp', { label: say('exp'), value: typed.exp ?? (chosen ? `12 / ${future}` : ''),
        error: errors.exp,
        attributes: 'autocomplete="cc-exp" inputmode="numeric" required maxlength="9" '
            + `placeholder="${say('exp_hint')}"` })}
${field(say, 'cvc', { label: say('cvc'), value: chosen ? '123' : '', error: errors.cvc,
        attributes: 'autocomplete="cc-csc" inputmode="numeric" required maxlength="4" '
            + `placeholder="${say('cvc_hint')}"` })}
</div>
${field(say, 'name', { label: say('name'), value: typed.name ?? (chosen ? 'Test Buyer' : ''),
        error: errors.name, attributes: 'autocomplete="cc-name" required maxlength="200"' })}
<button type="submit">${say('pay', { amount })}</button>
</form>
${s.cancel_url ? `<p class="back"><a href="${escape(s.cancel_url)}">${
        say('back', { merchant })}</a></p>` : ''}
</section>
${cardsTable(say, s.id)}
</main>`);
}

export function bankPage(say, { merchant, amount, last4, action }) {
    return frame(say, say('bank_title'), `<main class="notice bank">
<p class="merchant">${say('bank')}</p>
<h1>${say('bank_title')}</h1>
<p>${say('bank_text', { merchant, amount, last4: `•••• ${last4}` })}</p>
<form method="post" action="${escape(action)}">
<p><button name="answer" value="yes">${say('yes')}</button></p>
<p><button class="plain" name="answer" value="no">${say('no')}</button></p>
</form>
</main>`);
}
