// shop: small comforts on pages that work without them: the choice of a product in place, adding
// to the cart without leaving, more of a list, quantities that send themselves.
'use strict';
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);

for (const button of all('[data-hide]')) button.hidden = true;
one('[data-focus]')?.focus();

// A quantity is sent soon after its field is left, by Enter, or once it has rested: every press of an
// arrow key is a change. Not while something is pressed: a field is left by that, and what is pressed
// may be the way to pay.
const RESTS_MS = 800, LEFT_MS = 200;
let isPressed = false;
for (const [kind, is] of Object.entries({ pointerdown: true, pointerup: false, pointercancel: false }))
    addEventListener(kind, () => { isPressed = is; }, true);
for (const input of all('[data-send]')) {
    let resting = 0;
    const stop = () => { resting = clearTimeout(resting); };
    const rest = (ms) => {
        stop();
        resting = setTimeout(send, ms, ms);
    };
    const send = (ms) => {
        if (isPressed) return rest(ms);
        stop();
        if (input.value !== input.defaultValue) input.form.requestSubmit();
    };
    input.addEventListener('change', () => rest(RESTS_MS));
    input.addEventListener('input', () => { if (resting) rest(RESTS_MS); });
    input.addEventListener('blur', () => { if (resting) rest(LEFT_MS); });
    input.form.addEventListener('submit', stop);
    document.addEventListener('saving', stop);
}
// It is saved before whatever else is clicked is done: a link followed, another thing taken out. What
// cannot be saved is sent as if nothing else had been clicked: the page that comes says why, and so
// does the cart where there are fewer than that.
const changed = () => all('[data-send]').filter((input) => input.value !== input.defaultValue);
const saveFirst = async (then) => {
    document.dispatchEvent(new Event('saving'));
    for (const input of changed()) {
        const { form } = input;
        if (!input.reportValidity()) return;
        const body = new URLSearchParams(new FormData(form));
        const answer = await fetch(form.action, { method: 'post', body, headers: { accept: 'application/json' } }).catch(() => null);
        if (!answer?.ok) return form.requestSubmit();
        const { isFewer, location: where } = await answer.json().catch(() => ({}));
        if (isFewer) return location.assign(where);
        input.defaultValue = input.value;
    }
    then();
};
addEventListener('click', (event) => {
    const link = event.target.closest('a[href]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || !changed().length) return;
    event.preventDefault();
    saveFirst(() => { location.href = link.href; });
}, true);
addEventListener('submit', (event) => {
    const { target, submitter } = event;
    if (changed().every(({ form }) => form === target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    saveFirst(() => target.requestSubmit(submitter));
}, true);

// A rail of filters stands open on a wide screen, also where CSS cannot open a <details>.
const wide = matchMedia('(min-width: 1000px)');
for (const rail of all('[data-rail]'))
    if (wide.matches && !CSS.supports('selector(::details-content)')) rail.open = true;

// Menus close by Escape or a click beside them.
const closeMenus = (except) => {
    for (const menu of all('details.pick[open]')) if (menu !== except) menu.open = false;
};
addEventListener('click', (event) => closeMenus(event.target.closest('details.pick')));
addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    const menu = document.activeElement?.closest('details.pick[open]');
    closeMenus();
    if (menu) one('summary', menu).focus();
});

const busy = (form, is) => {
    for (const each of form.elements) if (each.localName === 'button') each.setAttribute('aria-busy', is);
};
const free = (form) => {
    delete form.dataset.sent;
    busy(form, false);
};

// The header's corner, as it is now. An order that is paid takes its cart with it, and a page
// gone back to is shown as it was left. An empty answer is that of a shop that has no time for
// it (nginx/pages.conf): the corner stays as it is.
const putCorner = (text) => {
    if (text.trim()) one('#corner').innerHTML = text;
    return Boolean(text.trim());
};
const refreshCorner = async () => {
    const cart = one('#corner a[href$="/cart"]');
    if (!cart) return;
    const answer = await fetch(new URL(cart.href).pathname.replace(/cart$/, '-/me')).catch(() => null);
    putCorner(answer?.ok ? await answer.text() : '');
};
document.addEventListener('live', (event) => { if (event.target !== product) refreshCorner(); });
addEventListener('pageshow', (event) => { if (event.persisted) refreshCorner(); });

// Who logs in has a new form token: the pages that were open before have the old one. It is put right
// where a click says all there is to say, by whomever: into the cart, or on the page that asks whether
// a form is still to be sent. In other forms it may be somebody else's words that would go out.
const freshToken = async (form) => {
    const answer = await fetch('/api/csrf/csrf-token').catch(() => null);
    const token = answer?.ok && (await answer.json()).csrfToken;
    if (token) one('input[name="csrf"]', form).value = token;
    return Boolean(token);
};
const unsent = one('[data-unsent]');
if (unsent) document.addEventListener('visibilitychange', () => { if (!document.hidden) freshToken(unsent); });

// Into the cart: the same form, asked to come back with the header's corner. What the shop
// refuses is said by the page that the plain form leads to. Where the answer is lost the thing
// may be in the cart: it is not sent a second time, the cart says what is there.
class Refused extends Error {}
const CORNER_AGAIN_MS = 3000;
const addToCart = async (form, prefix) => {
    const send = () => {
        const fields = new URLSearchParams(new FormData(form));
        fields.set('next', `${prefix}/-/me`);
        return fetch(form.action, { method: 'POST', body: fields, headers: { Accept: 'text/html' } });
    };
    busy(form, true);
    let answer = await send();
    if (answer.status === 403 && await freshToken(form)) answer = await send();
    if (!answer.redirected && answer.status < 500) throw new Refused();
    const { pathname, searchParams } = new URL(answer.url);
    if (answer.ok && pathname === `${prefix}/cart`) // fewer than that, as it says there
        return location.assign(`${answer.url}#quantity-${searchParams.get('line')}`);
    if (!answer.ok || !answer.url.endsWith('/-/me')) throw new Error('lost');
    if (putCorner(await answer.text())) one('#corner .badge')?.classList.add('bump');
    else setTimeout(refreshCorner, CORNER_AGAIN_MS);
    busy(form, false);
    const said = all('[data-added]').filter((each) => each.dataset.added === form.id);
    for (const each of said) {
        const link = document.createElement('a');
        link.href = `${prefix}/cart`;
        link.textContent = each.dataset.link;
        each.replaceChildren(`${each.dataset.text} `, link);
    }
    if (said.length) return;
    const button = one('.icon-button', form), aloud = one('[data-aloud]');
    button?.classList.add('done');
    aloud?.replaceChildren(aloud.dataset.text);
    setTimeout(() => button?.classList.remove('done'), 1200);
};
const DOUBLE_CLICK_MS = 500; // a second click so soon is no second wish
document.addEventListener('submit', (event) => {
    const form = event.target.closest('form[data-add]');
    if (!form || !one('#corner')) return;
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = 'yes';
    const prefix = new URL(form.action).pathname.replace(/\/cart\/lines$/, '');
    const pause = new Promise((over) => setTimeout(over, DOUBLE_CLICK_MS));
    addToCart(form, prefix).then(() => pause).then(() => free(form), (why) => {
        if (!(why instanceof Refused)) return location.assign(`${prefix}/cart`);
        free(form);
        form.submit();
    });
});

// Any other form is sent once by a double click, because what it spends may be good only once;
// what moves money (data-once) not again until the page comes back. Not those whose answer is a
// file (data-many): the page stays.
const SOON_MS = 5000;
document.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute('method') !== 'post' || 'many' in form.dataset) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = 'yes';
    busy(form, true);
    if (!('once' in form.dataset)) setTimeout(free, SOON_MS, form);
});
addEventListener('pageshow', () => {
    for (const form of all('form[data-sent]')) free(form);
});

// An address has the fields of its country: asked for with what was typed so far. Only the last
// answer counts, and what was typed while it was on its way stays.
let asked = 0;
const putFields = (old, fresh, sent) => {
    // What was wrong with fields that go is wrong no more.
    for (const link of all('#problem li a')) if (old.querySelector(link.hash)) link.parentElement.remove();
    if (!one('#problem li')) one('#problem')?.remove();
    for (const field of all('input', old)) {
        const now = one(`[name="${field.name}"]`, fresh);
        if (now && field.value !== sent.get(field.name)) now.value = field.value;
    }
    const at = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(fresh);
    const now = at && one(`input[id="${at.id}"]`, fresh);
    now?.focus();
    now?.setSelectionRange(at.selectionStart, at.selectionEnd);
};
document.addEventListener('change', async (event) => {
    const select = event.target.closest('select[data-country]'), form = select?.form;
    if (!form) return;
    const turn = ++asked, fields = new URLSearchParams(new FormData(form));
    fields.set('change', '1');
    try {
        const answer = await fetch(form.action, { method: 'POST', body: fields, headers: { Accept: 'text/html' } });
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const fresh = answer.ok && one('[data-country-fields]', page);
        if (turn !== asked) return;
        if (!fresh) throw new Error('the page says why');
        putFields(one('[data-country-fields]', form), fresh, fields);
    } catch {
        if (turn === asked) form.requestSubmit(one('[name=change]', form));
    }
});

// More of a list, below what is there.
document.addEventListener('click', async (event) => {
    const link = event.target.closest('a[data-more]'), list = one('#goods');
    if (!link || !list || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.getAttribute('aria-busy')) return;
    link.setAttribute('aria-busy', 'true');
    try {
        const page = new DOMParser().parseFromString(await (await fetch(link.href)).text(), 'text/html');
        const more = [...one('#goods', page).children];
        list.append(...more);
        one('a', more[0])?.focus({ preventScroll: true });
        link.closest('.more').replaceWith(...all('.more', page));
    } catch {
        link.removeAttribute('aria-busy');
        location.href = link.href;
    }
});

// A product's choice in place. Each variant's words were written by the server into a <template>,
// so nothing is put into words here.
const product = one('[data-product]'), options = one('[data-options]');
const variants = () => all('template[data-variant]').map((box) => ({
    box, sku: box.dataset.variant, forSale: 'forSale' in box.dataset,
    values: box.dataset.values.trim().split(' '),
}));
const show = (variant) => {
    one('[data-offer]')?.replaceChildren(variant.box.content.cloneNode(true));
    const price = one('[data-bar-price]');
    if (price) price.textContent = one('.price strong', variant.box.content)?.textContent ?? '';
    for (const input of all('[data-sku]')) input.value = variant.sku;
    for (const button of all('[data-buy]')) button.disabled = !variant.forSale;
};
const fits = (variant, values) => values.every((value) => variant.values.includes(value));
const tag = (input) => `${input.name}=${input.value}`;
const chosen = (but) => (options ? all('input:checked', options) : [])
    .filter((input) => input.name !== but).map(tag);
const mark = () => {
    for (const input of options ? all('input', options) : []) {
        const can = variants().some((each) => each.forSale && fits(each, [...chosen(input.name), tag(input)]));
        input.parentElement.classList.toggle('gone', !can);
    }
};
// Where not all that is marked goes together: of what has the last choice the one with most of the
// rest, rather one that can be bought.
const nearest = (last) => {
    const marked = chosen(), worth = ({ values, forSale }) => 2 * values.filter((each) => marked.includes(each)).length + forSale;
    return variants().filter((each) => fits(each, [tag(last)])).sort((a, b) => worth(b) - worth(a))[0];
};
options?.addEventListener('change', (event) => {
    const variant = variants().find((each) => fits(each, chosen())) ?? nearest(event.target);
    if (!variant || !one('[data-offer]')) return options.requestSubmit();
    for (const input of all('input', options)) input.checked = variant.values.includes(tag(input));
    show(variant);
    mark();
    for (const said of all('[data-added]')) said.replaceChildren();
    const picture = one(`[data-frames] [data-value="${CSS.escape(tag(event.target))}"]`);
    if (picture) picture.parentElement.scrollTo({ left: picture.offsetLeft - picture.parentElement.offsetLeft });
    history.replaceState(null, '', `?${new URLSearchParams(new FormData(options))}`);
    // In another language or currency it is the same choice.
    for (const link of all('.pick a[hreflang], .foot a[hreflang]')) link.search = location.search;
    for (const next of all('.currencies [name=next]')) next.value = location.pathname + location.search;
});

// Its stock and price while the page is open: live.js has put new words into the templates.
product?.addEventListener('live', () => {
    const shown = one('[data-offer]'), sku = one('[data-sku]')?.value;
    const now = variants().find((each) => each.sku === sku) ?? { box: one('[data-gone]'), sku, forSale: false };
    if (shown && shown.innerHTML !== now.box.innerHTML) show(now);
    mark();
});

// The gallery's small pictures follow the large ones, and lead them.
const still = matchMedia('(prefers-reduced-motion: reduce)');
const frames = one('[data-frames]'), thumbs = all('.thumbs a');
if (frames && thumbs.length) {
    const seen = new IntersectionObserver((entries) => {
        for (const entry of entries)
            if (entry.isIntersecting)
                for (const thumb of thumbs)
                    if (thumb.hash === `#${entry.target.id}`) thumb.setAttribute('aria-current', 'true');
                    else thumb.removeAttribute('aria-current');
    }, { root: frames, threshold: .6 });
    for (const frame of frames.children) seen.observe(frame);
    for (const thumb of thumbs)
        thumb.addEventListener('click', (event) => {
            event.preventDefault();
            const frame = one(thumb.hash);
            frames.scrollTo({ left: frame.offsetLeft - frames.offsetLeft, behavior: still.matches ? 'instant' : 'smooth' });
        });
}

// On a phone the button comes along once it has scrolled away.
const bar = one('[data-buy-bar]'), buy = one('#buy');
if (bar && buy)
    new IntersectionObserver(([entry]) => { // not above the screen: on it or still to come
        bar.hidden = entry.isIntersecting;
    }, { rootMargin: '0px 0px 1000000px 0px' }).observe(buy);
