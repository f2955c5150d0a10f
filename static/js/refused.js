// A form that was refused is the answer to what was sent: gone back to, or loaded anew, the browser would
// ask whether to send that again. It goes by the address of the page it was filled in on.
'use strict';
{
    const { referrer } = document;
    for (const form of document.querySelectorAll('form[method=post]')) {
        if (new URL(form.getAttribute('action'), location).pathname !== location.pathname) continue;
        form.dataset.refused = 'yes';
        if (referrer.startsWith(`${location.origin}/`)) history.replaceState(history.state, '', referrer);
        break;
    }
}
