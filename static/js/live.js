// live: what changes while a page is open. An element with data-live="/address" listens to that
// address; a message is the markup a template made, and each element of it takes the place of
// the one on the page with the same id. What the page has not got goes first into the element
// with data-live-into, from which the last goes when there are more than data-live-most. Both are
// marked .fresh for a moment. #figures, which no message brings, are fetched a while after one.
//
// Own code instead of htmx and its extension: the pages need exactly this, which is fifty lines
// instead of 60 kB, no eval to keep away, and EventSource resumes by itself after a lost line.
//
// The first subscription starts at the page's own database time (data-since), less some seconds:
// shown twice is harmless, never shown is not. A hidden page lets go of its line, because a
// browser has six for a shop, and goes on where it was when it is looked at again.
'use strict';
for (const root of document.querySelectorAll('[data-live]')) {
    const note = root.querySelector('[data-live-note]');
    let line = null, last = `${Math.floor(Date.parse(root.dataset.since) / 1000) - 3}:0`;
    let awaySince = Date.now(); // without a line; 0: with one
    let stoodAt = 0, heard = 0, counting = 0;

    // A form in new markup has no token of its own: nginx writes it into pages only.
    const token = document.querySelector('input[name="csrf"]')?.value;

    const put = (fresh) => {
        const old = fresh.id && document.getElementById(fresh.id);
        const into = root.querySelector('[data-live-into]');
        if (!old && (!into || 'liveKnown' in root.dataset)) return;
        if (old && old.outerHTML === fresh.outerHTML) return;
        for (const field of fresh.querySelectorAll('input[name="csrf"]')) field.value = token ?? '';
        const chosen = old?.querySelector('.to-send:checked') && fresh.querySelector('.to-send');
        if (chosen) chosen.checked = true;
        if (old) old.replaceWith(fresh);
        else into.prepend(fresh);
        while (into?.children.length > (root.dataset.liveMost ?? Infinity)) into.lastElementChild.remove();
        fresh.classList.add('fresh');
        setTimeout(() => fresh.classList.remove('fresh'), 2500);
    };
    const hear = (message) => {
        last = message.lastEventId || last;
        if (++heard === 20 && Date.now() - stoodAt < 2000) check();
        const box = document.createElement('template');
        box.innerHTML = message.data;
        for (const fresh of [...box.content.children]) put(fresh);
        root.dispatchEvent(new Event('live', { bubbles: true }));
        if (root.querySelector('#figures')) counting ||= setTimeout(count, 10000);
    };
    const count = () => {
        counting = 0;
        check('#figures');
    };
    // A line replays what its page missed: twenty messages, of ten minutes. After a longer while
    // without one, or so many at once, the page is looked at as a whole.
    const check = async (parts = '[data-live] .status[id], [data-live-into] > [id], #offers, #figures') => {
        const answer = await fetch(location.href).catch(() => null);
        if (!answer?.ok) return;
        const now = new DOMParser().parseFromString(await answer.text(), 'text/html');
        for (const fresh of [...now.querySelectorAll(parts)].reverse()) put(fresh);
        root.dispatchEvent(new Event('live', { bubbles: true }));
    };
    const open = () => {
        if (line || document.hidden) return;
        const join = root.dataset.live.includes('?') ? '&' : '?';
        line = new EventSource(`${root.dataset.live}${join}last_event_id=${encodeURIComponent(last)}`);
        line.onmessage = hear;
        line.onopen = () => {
            note?.removeAttribute('hidden');
            if (awaySince && Date.now() - awaySince > 30000) check();
            [awaySince, stoodAt, heard] = [0, Date.now(), 0];
        };
        line.onerror = () => {
            note?.setAttribute('hidden', '');
            awaySince ||= Date.now();
            if (line?.readyState !== EventSource.CLOSED) return; // it tries again by itself
            close();
            setTimeout(open, 5000);
        };
    };
    const close = () => {
        line?.close();
        line = null;
        awaySince ||= Date.now();
    };
    document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
    addEventListener('pagehide', close);
    addEventListener('pageshow', open);
    open();
}
