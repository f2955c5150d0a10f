// live: what changes while a page is open. An element with data-live="/address" listens to that
// address; a message is the markup a template made, and each element of it takes the place of
// the one on the page with the same id. What the page has not got goes into the element with
// data-live-into, newest first by its data-at, from which the last goes when there are more than
// data-live-most; what is older than all of it is not of this page. Both are marked .fresh for a
// moment. Where what is heard is only that something has changed (data-live-look: of the element with
// that id, or of any), the page is looked at anew, and its parts (data-live-part, with an id) take
// the place of the old ones. #figures, which no message brings, are fetched a while after one.
//
// Own code instead of htmx and its extension: the pages need exactly this, which is a hundred lines
// instead of 60 kB, no eval to keep away, and EventSource resumes by itself after a lost line.
//
// The first subscription starts at the page's own database time (data-since), less some seconds:
// shown twice is harmless, never shown is not. A hidden page lets go of its line, because a
// browser has six for a shop, and goes on where it was when it is looked at again.
'use strict';
for (const root of document.querySelectorAll('[data-live]')) {
    const note = root.querySelector('[data-live-note]'), into = root.querySelector('[data-live-into]');
    const listed = () => new Set([...(into?.children ?? [])].map(({ id }) => id));
    let line = null, last = `${Math.floor(Date.parse(root.dataset.since) / 1000) - 3}:0`;
    let awaySince = Date.now(); // without a line; 0: with one
    let known = listed(); // when the line was lost
    let stoodAt = 0, heard = 0, counting = 0, again = 0, owed = false; // owed: a look at the whole page
    const soon = 5000, late = 80000; // ms until a line that was refused is asked for again
    let pause = soon;

    // A form in new markup has no token of its own: nginx writes it into pages only.
    const token = document.querySelector('input[name="csrf"]')?.value;

    const patience = 'product' in root.dataset ? 0 : 30000;
    // Takes along what was done with the old one: its tick; and of forms that are still there what was
    // unfolded, and typed.
    const kind = (form) => `${form.action} ${[...form.elements].map(({ name }) => name)}`;
    const takeForms = (fresh, old) => {
        for (const form of fresh.querySelectorAll('form')) {
            const was = [...old.querySelectorAll('form')].find((each) => kind(each) === kind(form));
            if (!was) continue;
            const isRefused = was.querySelector('.wrong'), isOpen = was.closest('details')?.open;
            const isBegun = isOpen || isRefused || [...was.elements].some((field) => field.type === 'text' && field.value !== field.defaultValue);
            if (isOpen) form.closest('details').open = true;
            for (const field of was.elements) {
                const now = form.elements.namedItem(field.name);
                if (!now) continue;
                if (field.type === 'checkbox' && field.checked !== field.defaultChecked) now.checked = field.checked;
                // What was seen when it was begun: the server says it when that is no longer so.
                if (field.name === 'kept' && isBegun) now.value = field.value;
                if (field.type === 'text' && (isRefused || field.value !== field.defaultValue)) now.value = field.value;
            }
        }
    };
    const dress = (fresh, old) => {
        for (const field of fresh.querySelectorAll('input[name="csrf"]')) field.value = token ?? '';
        const chosen = old?.querySelector('.to-send:checked') && fresh.querySelector('.to-send');
        if (chosen) chosen.checked = true;
        if (old && 'livePart' in fresh.dataset) takeForms(fresh, old);
    };
    const way = (active) => (active.matches('.to-send') ? '.to-send' : active.id ? `[id="${active.id}"]` : 'a');
    const replace = (old, fresh) => {
        const active = old.contains(document.activeElement) ? document.activeElement : null;
        // Who is typing goes on where they were: the next letter may take the place of what is selected.
        const caret = active?.type === 'text' && [active.selectionStart, active.selectionEnd, active.selectionDirection];
        old.replaceWith(fresh);
        const now = active && fresh.querySelector(way(active));
        now?.focus({ preventScroll: true });
        if (caret && now?.type === 'text') now.setSelectionRange(...caret);
    };
    // News are of old ones too: each goes where its time belongs, and one that is older than the last
    // only where no more would follow.
    const place = (fresh) => {
        const most = root.dataset.liveMost ?? Infinity, { children } = into;
        const older = [...children].find((each) => each.dataset.at <= fresh.dataset.at);
        if (!older && (children.length >= most || root.querySelector('a[rel=next]'))) return;
        into.insertBefore(fresh, older ?? null);
        while (children.length > most) into.lastElementChild.remove();
    };
    const put = (fresh) => {
        const old = fresh.id && document.getElementById(fresh.id);
        if (!old && (!into || 'liveKnown' in root.dataset)) return;
        if (old && old.outerHTML === fresh.outerHTML) return;
        if (old?.querySelector('form[data-sent]')) return; // the page that comes says what became of it
        dress(fresh, old);
        if (old) replace(old, fresh);
        else place(fresh);
        fresh.classList.add('fresh');
        setTimeout(() => fresh.classList.remove('fresh'), 2500);
    };
    const hear = (message) => {
        last = message.lastEventId || last;
        if (++heard === 10 && Date.now() - stoodAt < 2000) check();
        const box = document.createElement('template');
        box.innerHTML = message.data;
        if (looks) {
            if (box.content.querySelector(`[id="${looks}"]`)) lookSoon(message);
            return;
        }
        for (const fresh of [...box.content.children]) put(fresh);
        root.dispatchEvent(new Event('live', { bubbles: true }));
        if (root.querySelector('#figures')) counting ||= setTimeout(count, 10000);
    };
    // Where the page is read: one that refuses a form stands at the form's address.
    const { page: own = location.pathname } = root.dataset;
    const address = () => (own === location.pathname ? location.href.replace(/#.*/, '') : own);

    // The page as it is now; null: there is no answer, or another page's.
    const look = async () => {
        const answer = await fetch(address()).catch(() => null);
        return answer?.ok && !answer.redirected ? new DOMParser().parseFromString(await answer.text(), 'text/html') : null;
    };
    const count = async () => {
        counting = 0;
        const figures = (await look())?.querySelector('#figures');
        if (figures) put(figures);
    };
    // So much has come that what stood here does not follow on it: the list as it is now, and its way to
    // what is older. Else a hole would be between them. What was heard since it was made stays on top.
    const renew = (page) => {
        const rows = [...page.querySelectorAll('[data-live-into] > [id]')];
        if (!rows.length || !into || 'liveKnown' in root.dataset || rows.some(({ id }) => known.has(id))) return;
        const [older, now] = [root, page].map((each) => each.querySelector('a[rel=next]'));
        if (older && now) older.href = now.href;
        else if (now) root.append(now.closest('.more'));
        for (const row of rows) dress(row, document.getElementById(row.id));
        const others = [...into.children].filter(({ id }) => !rows.some((row) => row.id === id));
        into.replaceChildren(...rows);
        for (const other of others.reverse()) put(other);
    };
    // A line replays what its page missed: twenty messages, of ten minutes, its own among them. After a
    // longer while without one, or so many at once, the page is looked at as a whole; a product's after
    // any, as what nobody hears is not kept of all products.
    const check = async () => {
        owed = true;
        clearTimeout(again);
        const page = await look();
        if (!page) {
            again = setTimeout(() => line && check(), 10000);
            return;
        }
        owed = false;
        renew(page);
        const parts = page.querySelectorAll('[data-live] .status[id], [data-live-part], [data-live-into] > [id], #offers, #figures');
        for (const fresh of [...parts].reverse()) put(fresh);
        root.dispatchEvent(new Event('live', { bubbles: true }));
    };
    // Much at once is looked at once.
    const looks = root.dataset.liveLook;
    let looking = 0;
    const lookSoon = (message) => {
        last = message.lastEventId || last;
        looking ||= setTimeout(() => {
            looking = 0;
            check();
        }, 100);
    };
    const lose = () => {
        if (!awaySince && !owed) known = listed();
        awaySince ||= Date.now();
    };
    // There is no line for this page. Where its reader may not see it any more (the session has ended),
    // what they may see instead says so; else the shop has none to give just now.
    const turnedAway = async () => {
        const answer = await fetch(address()).catch(() => null);
        if (answer?.redirected || [401, 403, 404].includes(answer?.status)) return location.replace(address());
        setTimeout(open, pause);
        pause = Math.min(2 * pause, late);
    };
    const open = () => {
        if (line || document.hidden) return;
        const join = root.dataset.live.includes('?') ? '&' : '?';
        line = new EventSource(`${root.dataset.live}${join}last_event_id=${encodeURIComponent(last)}`);
        line.onmessage = hear;
        if (looks === '') for (const event of ['order:created', 'order:updated']) line.addEventListener(event, lookSoon);
        line.onopen = () => {
            note?.removeAttribute('hidden');
            if (owed || (awaySince && Date.now() - awaySince > patience)) check();
            [awaySince, stoodAt, heard, pause] = [0, Date.now(), 0, soon];
        };
        line.onerror = () => {
            note?.setAttribute('hidden', '');
            lose();
            if (line?.readyState !== EventSource.CLOSED) return; // it tries again by itself
            close();
            turnedAway();
        };
    };
    const close = () => {
        line?.close();
        line = null;
        lose();
    };
    document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
    addEventListener('pagehide', close);
    addEventListener('pageshow', open);
    open();
}
