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
// All that can be chosen on the page, those too that came while it was open.
for (const all of document.querySelectorAll('[data-choose-all]')) {
    all.hidden = false;
    all.firstElementChild.addEventListener('change', (event) => {
        for (const one of document.querySelectorAll('.to-send')) one.checked = event.target.checked;
    });
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
