// admin: by keyboard: "/" goes to the search; orders are chosen all at once; what changes an order
// is sent once, pictures that are too large not at all; the menu of a telephone shows where one is.
'use strict';
document.querySelector('.rail-menu [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
document.querySelector('[data-focus]')?.focus();
// What is copied is marked by one click.
for (const input of document.querySelectorAll('[data-select]')) input.addEventListener('click', () => input.select());
addEventListener('keydown', (event) => {
    const field = document.querySelector('[data-slash]');
    if (event.key !== '/' || !field || event.target.closest('input, textarea, select')) return;
    event.preventDefault();
    field.focus();
    field.select();
});
// What would be turned away is not sent first.
for (const input of document.querySelectorAll('[data-most]'))
    input.addEventListener('change', () => {
        const size = [...input.files].reduce((sum, file) => sum + file.size, 0);
        input.setCustomValidity(size > Number(input.dataset.most) ? input.dataset.tooMuch : '');
        input.reportValidity();
    });
// All that can be chosen on the page, those too that came while it was open; of more than are sent
// at once the first.
for (const form of document.querySelectorAll('[data-choose-most]')) {
    const most = Number(form.dataset.chooseMost), note = form.querySelector('[data-chosen-most]');
    const label = form.querySelector('[data-choose-all]'), all = label.firstElementChild;
    const boxes = () => [...document.querySelectorAll('.to-send')];
    const chosen = () => boxes().filter((box) => box.checked).length;
    const tell = () => {
        note.hidden = chosen() < most;
        all.checked = chosen() > 0 && chosen() === Math.min(boxes().length, most);
    };
    label.hidden = false;
    document.addEventListener('change', ({ target }) => {
        if (target === all) for (const [i, box] of boxes().entries()) box.checked = all.checked && i < most;
        else if (target.matches('.to-send') && chosen() > most) target.checked = false;
        tell();
    });
    document.addEventListener('live', tell);
    addEventListener('pageshow', tell); // gone back to, it has its ticks
}
// What is sent is sent once by a double click; what moves money (data-once) not again until the
// page comes back. Not a form whose answer is a file (data-many): the page stays.
const SOON_MS = 5000;
const busy = (form, is) => {
    for (const each of form.elements) if (each.localName === 'button') each.setAttribute('aria-busy', is);
};
const free = (form) => {
    delete form.dataset.sent;
    busy(form, false);
};
document.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute('method') !== 'post' || 'many' in form.dataset) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = 'yes';
    busy(form, true);
    if (!('once' in form.dataset)) setTimeout(free, SOON_MS, form);
});
addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sent]')) free(form);
});
// What was typed in one of a page's forms (data-keep) is not lost by sending another, or by going
// away; nor what came back because something in it is wrong. It is asked of the fields themselves:
// news of an order put a new form in the place of the old one, with what was typed in it.
const isTyped = (field) => {
    if (field.type === 'hidden' || field.localName === 'button') return false;
    if (field.type === 'checkbox' || field.type === 'radio') return field.checked !== field.defaultChecked;
    if (field.type === 'file') return field.files.length > 0;
    if (field.localName !== 'select') return 'defaultValue' in field && field.value !== field.defaultValue;
    const own = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(own, 0);
};
const isLost = (form) => 'refused' in form.dataset || [...form.elements].some(isTyped);
let sent = null; // the form that is on its way
document.addEventListener('submit', (event) => {
    if (!event.defaultPrevented) sent = event.target;
});
addEventListener('pageshow', () => {
    sent = null;
});
// Who is asked and stays is here a moment later: nothing was sent, and all can be sent anew.
const STAYS_MS = 300;
addEventListener('beforeunload', (event) => {
    if (![...document.querySelectorAll('form[data-keep]')].some((form) => form !== sent && isLost(form))) return;
    event.preventDefault();
    setTimeout(() => {
        if (sent) free(sent);
        sent = null;
    }, STAYS_MS);
});
