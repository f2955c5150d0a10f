// admin: by keyboard: "/" goes to the search; what changes an order is sent once; the menu of a
// telephone shows where one is.
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
