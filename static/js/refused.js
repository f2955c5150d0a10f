// A form that was refused is the answer to what was sent: gone back to, or loaded anew, the browser would
// ask whether to send that again. It goes by the address of the page it was filled in on.
'use strict';
{
    const { forms, referrer } = document;
    const isAnswer = [...forms].some(({ action, method }) => method === 'post' && new URL(action).pathname === location.pathname);
    if (isAnswer && referrer.startsWith(`${location.origin}/`)) history.replaceState(history.state, '', referrer);
}
