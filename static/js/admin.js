// admin: by keyboard: "/" goes to the search; orders are chosen all at once; what changes an order
// is sent once, pictures that are too large not at all; the menu of a telephone shows where one is.
'use strict';
document.querySelector('.rail-menu [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
document.querySelector('[data-focus]')?.focus();
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
for (const form of document.querySelectorAll('form[data-once]'))
    form.addEventListener('submit', (event) => {
        if (form.dataset.sent) return event.preventDefault();
        form.dataset.sent = 'yes';
        for (const button of form.querySelectorAll('button')) button.setAttribute('aria-busy', 'true');
    });
addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-once]')) {
        delete form.dataset.sent;
        for (const button of form.querySelectorAll('button')) button.removeAttribute('aria-busy');
    }
});
