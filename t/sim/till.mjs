// The till: the life of a payment, and the events each step tells. All steps are synchronous, so
// nothing comes between a check and its effect; run() commits the whole step, events included,
// and only then hands the events to the webhooks.
//
// Owns: sessions, payment intents, charges, refunds, disputes, methods, events. Knows nothing of HTTP.

import { ApiError, invalid, missing, refused } from './errors.mjs';
import { cardNamed, readCard } from './cards.mjs';
import { chargeFault, format, stepFault } from './money.mjs';
import * as shapes from './shapes.mjs';

const DAY = 86_400;
const seconds = () => Math.floor(Date.now() / 1000);
const OPEN_INTENT = ['requires_payment_method', 'requires_confirmation', 'requires_action'];
const WHAT = { session: 'checkout.session', intent: 'payment_intent', charge: 'charge',
    refund: 'refund', dispute: 'dispute', method: 'PaymentMethod', event: 'event' };

export class Till {
    constructor({ store, settings, publicUrl, endpoints, onEvents }) {
        Object.assign(this, { store, settings, publicUrl, endpoints, onEvents });
        this.request = null;
        this.told = [];
        this.timers = new Set();
        this.paying = new Set();
        this.expiring = null;
        this.nextExpiry = Infinity;
        this.wakeUp();
    }

    // One step. `request` = {id, idempotencyKey} where an API call caused it.
    run(request, step) {
        this.request = request;
        try {
            return step();
        } finally {
            this.request = null;
            this.store.commit();
            const events = this.told.splice(0);
            if (events.length) this.onEvents(events);
        }
    }

    // After a restart: what was processing goes on, what was open keeps its end.
    wakeUp() {
        for (const p of this.store.newest('intent')) if (p.settles) this.settleLater(p);
        for (const r of this.store.newest('refund')) if (r.settles) this.settleRefundLater(r);
        for (const c of this.store.newest('charge')) if (c.disputes_at) this.disputeLater(c);
        this.watchExpiry();
    }

    close() {
        for (const timer of this.timers) clearTimeout(timer);
        clearTimeout(this.expiring);
        this.closed = true;
    }

    later(ms, step) {
        if (this.closed) return;
        const timer = setTimeout(() => {
            this.timers.delete(timer);
            this.run(null, step);
        }, ms);
        this.timers.add(timer);
    }

    find(kind, id, param = 'id') {
        if (kind === 'endpoint') return this.endpoints.find(id);
        const found = this.store.get(kind, id);
        if (!found) throw missing(WHAT[kind], id, param);
        return found;
    }

    // --- what others see ---------------------------------------------------------------------

    show(kind, object) {
        switch (kind) {
        case 'session': return shapes.session(object, this.publicUrl);
        case 'intent':
            return shapes.intent(object, (id) => this.methodShape(id), this.publicUrl);
        case 'charge':
            return shapes.charge(object, this.store.get('method', object.payment_method)
                ?? LOST_METHOD, this.refundsOf(object));
        case 'refund': return shapes.refund(object);
        case 'dispute': return shapes.dispute(object);
        case 'method': return shapes.method(object);
        case 'endpoint': return shapes.endpoint(object);
        default: return shapes.event(object);
        }
    }

    methodShape(id) {
        const found = this.store.get('method', id);
        return found && shapes.method(found);
    }

    refundsOf(charge) {
        return charge.refunds.map((id) => this.store.get('refund', id)).filter(Boolean)
            .reverse().slice(0, 10).map(shapes.refund);
    }

    tell(type, kind, object) {
        this.told.push(this.store.put('event', {
            id: `evt_3${shapes.token(23)}`,
            created: seconds(),
            type,
            object: JSON.stringify(this.show(kind, object)),
            request_id: this.request?.id ?? null,
            idempotency_key: this.request?.idempotencyKey ?? null,
            pending: true,
        }));
    }

    // --- checkout sessions -------------------------------------------------------------------

    openSession(given) {
        const now = seconds();
        const expires_at = given.expires_at ?? now + DAY;
        const least = this.settings.min_expiry_s;
        if (expires_at < now + least - 1 || expires_at > now + DAY + 60) {
            throw invalid(`expires_at must lie between ${least} seconds and 24 hours ahead.`,
                'expires_at');
        }
        const { currency, lines } = readLines(given.line_items);
        const s = {
            id: `cs_test_a1${shapes.token(56)}`,
            created: now,
            expires_at,
            status: 'open',
            payment_status: 'unpaid',
            payment_intent: null,
            currency,
            lines,
            buyer: null,
            success_url: given.success_url,
            cancel_url: given.cancel_url ?? null,
            client_reference_id: given.client_reference_id ?? null,
            customer_email: given.customer_email ?? null,
            customer_creation: given.customer_creation ?? 'if_required',
            billing_address_collection: given.billing_address_collection ?? null,
            submit_type: given.submit_type ?? null,
            locale: given.locale ?? null,
            metadata: given.metadata ?? {},
            intent_data: given.payment_intent_data ?? {},
        };
        const amount = shapes.total(s);
        const fault = chargeFault(amount, currency);
        if (fault) throw invalid(fault.message, 'line_items', fault.code);
        this.store.put('session', s);
        if (expires_at < this.nextExpiry) this.watchExpiry();
        return s;
    }

    expireSession(id) {
        const s = this.find('session', id, 'session');
        this.lapse(s);
        if (s.status !== 'open') {
            throw refused('Only Checkout Sessions with the status "open" can be expired. '
                + `This one is "${s.status}".`);
        }
        if (this.paying.has(s.id)) {
            throw refused('This Checkout Session is being paid at this moment and cannot be '
                + 'expired. Try again in a little while.');
        }
        this.endSession(s);
        return s;
    }

    endSession(s) {
        s.status = 'expired';
        s.expires_at = Math.min(s.expires_at, seconds());
        this.store.put('session', s);
        const p = s.payment_intent && this.store.get('intent', s.payment_intent);
        if (p && OPEN_INTENT.includes(p.status)) this.endIntent(p, 'automatic');
        this.tell('checkout.session.expired', 'session', s);
    }

    // Time may have run out since anyone looked.
    lapse(s) {
        const over = s.status === 'open' && s.expires_at <= seconds() && !this.paying.has(s.id);
        if (over) this.endSession(s);
        return over;
    }

    watchExpiry() {
        clearTimeout(this.expiring);
        let next = Infinity;
        for (const s of this.store.newest('session')) {
            if (s.status === 'open') next = Math.min(next, s.expires_at);
        }
        this.nextExpiry = next;
        if (next === Infinity || this.closed) return;
        const wait = Math.min(Math.max(next * 1000 - Date.now(), 200), DAY * 1000);
        this.expiring = setTimeout(() => {
            this.run(null, () => {
                for (const s of this.store.newest('session')) this.lapse(s);
            });
            this.watchExpiry();
        }, wait);
    }

    // The buyer presses "Pay". `typed` is the card as written on the page, `buyer` {email, name}.
    // Answers {outcome: paid|later|asks|failed|fault|closed|busy, …}; never throws for the buyer.
    async payPage(id, typed, buyer) {
        const s = this.find('session', id, 'session');
        const closed = this.run(null, () => this.whyClosed(s));
        if (closed) return closed;
        const read = readCard(typed, Date.now());
        if (read.fault) return { outcome: 'fault', fault: read.fault, session: s };
        this.paying.add(s.id);
        try {
            if (this.settings.bank_ms) await pause(this.settings.bank_ms);
            return this.run(null, () => this.payNow(s, read, buyer));
        } finally {
            this.paying.delete(s.id);
        }
    }

    whyClosed(s) {
        if (this.lapse(s) || s.status !== 'open') {
            return { outcome: 'closed', status: s.status, session: s };
        }
        return this.paying.has(s.id) ? { outcome: 'busy', session: s } : null;
    }

    payNow(s, read, buyer) {
        const p = this.intentOf(s);
        s.buyer = { email: buyer.email || s.customer_email, name: buyer.name || null };
        const m = this.newMethod(read, s.buyer);
        this.store.put('session', s);
        return { ...this.attempt(p, m), session: s };
    }

    intentOf(s) {
        if (s.payment_intent) return this.store.get('intent', s.payment_intent);
        const p = this.newIntent({
            ...s.intent_data, amount: shapes.total(s), currency: s.currency,
        }, s.id);
        s.payment_intent = p.id;
        return p;
    }

    // --- payment intents ---------------------------------------------------------------------

    newIntent(given, session = null) {
        const fault = chargeFault(given.amount, given.currency);
        if (fault) throw invalid(fault.message, 'amount', fault.code);
        const id = `pi_3${shapes.token(23)}`;
        const p = this.store.put('intent', {
            id,
            created: seconds(),
            amount: given.amount,
            currency: given.currency,
            status: 'requires_payment_method',
            amount_capturable: 0,
            amount_received: 0,
            automatic: session ? null : automatic(given),
            capture_method: given.capture_method ?? (session ? 'automatic' : 'automatic_async'),
            client_secret: `${id}_secret_${shapes.token(25)}`,
            metadata: given.metadata ?? {},
            description: given.description ?? null,
            receipt_email: given.receipt_email ?? null,
            statement_descriptor: given.statement_descriptor ?? null,
            statement_descriptor_suffix: given.statement_descriptor_suffix ?? null,
            transfer_group: given.transfer_group ?? null,
            payment_method: null,
            last_error: null,
            latest_charge: null,
            canceled_at: null,
            cancellation_reason: null,
            return_url: null,
            session,
        });
        this.tell('payment_intent.created', 'intent', p);
        return p;
    }

    unexpected(p, action) {
        return refused(`You cannot ${action} this PaymentIntent because it has a status of `
            + `${p.status}.`, {
            code: 'payment_intent_unexpected_state', payment_intent: this.show('intent', p),
        });
    }

    notOfCheckout(p, action) {
        if (p.session) {
            throw refused(`You cannot ${action} this PaymentIntent: it was made by a Checkout `
                + 'Session. Expire the session instead.');
        }
    }

    changeIntent(p, given) {
        const money = given.amount !== undefined || given.currency !== undefined;
        if (money) this.notOfCheckout(p, 'change the amount of');
        if (money && !OPEN_INTENT.includes(p.status)) throw this.unexpected(p, 'update');
        const fault = money && chargeFault(given.amount ?? p.amount, given.currency ?? p.currency);
        if (fault) throw invalid(fault.message, 'amount', fault.code);
        const m = given.payment_method && this.usableMethod(given.payment_method);
        if (m && !OPEN_INTENT.includes(p.status)) throw this.unexpected(p, 'update');
        const { payment_method: _, expand: __, metadata: ___, ...plain } = given;
        Object.assign(p, plain);
        if (m) Object.assign(p, { payment_method: m.id, status: 'requires_confirmation' });
        return this.store.put('intent', p);
    }

    // Confirms; a declined card is thrown as the provider does (402) after all is written.
    confirm(p, given) {
        this.notOfCheckout(p, 'confirm');
        if (!OPEN_INTENT.includes(p.status)) throw this.unexpected(p, 'confirm');
        const name = given.payment_method ?? p.payment_method;
        if (!name) {
            throw refused('This PaymentIntent has no payment method: give payment_method.', {
                code: 'payment_intent_unexpected_state', param: 'payment_method',
                payment_intent: this.show('intent', p),
            });
        }
        this.needsReturn(p.automatic, given.return_url ?? p.return_url);
        p.return_url = given.return_url ?? p.return_url;
        if (given.receipt_email !== undefined) p.receipt_email = given.receipt_email;
        const result = this.attempt(p, this.usableMethod(name));
        if (result.outcome === 'failed') throw this.cardError(p, result);
        return p;
    }

    needsReturn(automaticMethods, returnUrl) {
        if (!automaticMethods || automaticMethods.allow_redirects === 'never' || returnUrl) return;
        throw invalid('A payment method may need a redirect: give return_url, or create the '
            + 'PaymentIntent with automatic_payment_methods[allow_redirects]=never.', 'return_url');
    }

    cardError(p, { error, method }) {
        return new ApiError(402, error.type, error.message, {
            charge: error.charge, code: error.code, decline_code: error.decline_code,
            payment_intent: this.show('intent', p), payment_method: this.show('method', method),
            begun: true,
        });
    }

    // One try with one card.
    attempt(p, m) {
        Object.assign(p, { payment_method: m.id, last_error: null, authenticated: null });
        if (m.does.kind === 'decline') return this.fail(p, m, m.does);
        if (m.does.kind === '3ds') return this.ask(p);
        if (m.does.kind === 'later') return this.settleAfter(p, m);
        return this.succeed(p, m);
    }

    ask(p) {
        p.status = 'requires_action';
        p.action_key = shapes.token(24);
        this.store.put('intent', p);
        this.tell('payment_intent.requires_action', 'intent', p);
        return { outcome: 'asks', intent: p };
    }

    // The bank's page: the buyer authorises or does not.
    authorise(p, yes) {
        const s = p.session && this.store.get('session', p.session);
        if (s) this.lapse(s);
        if (p.status !== 'requires_action') return { outcome: 'closed', intent: p, session: s };
        const m = this.store.get('method', p.payment_method);
        p.authenticated = yes ? shapes.token(20) : null;
        if (yes) return { ...this.succeed(p, m), session: s };
        return {
            ...this.fail(p, m, {
                code: 'payment_intent_authentication_failure', type: 'invalid_request_error',
                message: 'Your bank could not confirm that it is you. Choose another card and '
                    + 'try again.',
            }, false),
            session: s,
        };
    }

    newCharge(p, m, more) {
        const c = this.store.put('charge', {
            id: `ch_3${shapes.token(23)}`,
            created: seconds(),
            amount: p.amount,
            amount_captured: 0,
            amount_refunded: 0,
            captured: false,
            currency: p.currency,
            description: p.description,
            metadata: { ...p.metadata },
            payment_intent: p.id,
            payment_method: m.id,
            balance_transaction: null,
            receipt_email: p.receipt_email,
            statement_descriptor: p.statement_descriptor,
            statement_descriptor_suffix: p.statement_descriptor_suffix,
            transfer_group: p.transfer_group,
            authenticated: p.authenticated ?? null,
            authorization_code: String(Math.floor(Math.random() * 1e6)).padStart(6, '0'),
            network_transaction_id: shapes.token(15),
            failure: null,
            refunds: [],
            ...more,
        });
        p.latest_charge = c.id;
        return c;
    }

    fail(p, m, why, withCharge = true) {
        const { code, decline_code = null, message, type = 'card_error' } = why;
        const failure = { code, decline_code, message };
        let c = p.status === 'processing' ? this.store.get('charge', p.latest_charge) : null;
        if (c) Object.assign(c, { status: 'failed', failure });
        else if (withCharge) c = this.newCharge(p, m, { status: 'failed', failure });
        if (c) {
            this.store.put('charge', c);
            this.tell('charge.failed', 'charge', c);
        }
        p.status = 'requires_payment_method';
        p.payment_method = null;
        p.last_error = { ...failure, type, charge: c?.id ?? null, method: m.id };
        this.store.put('intent', p);
        this.tell('payment_intent.payment_failed', 'intent', p);
        return { outcome: 'failed', error: p.last_error, method: m, intent: p };
    }

    succeed(p, m) {
        const held = p.capture_method === 'manual';
        let c = p.status === 'processing' ? this.store.get('charge', p.latest_charge) : null;
        c ??= this.newCharge(p, m, {});
        c.status = 'succeeded';
        if (!held) this.take(c, p.amount);
        if (m.does.dispute) c.disputes_at = Date.now() + this.settings.async_ms;
        this.store.put('charge', c);
        if (c.disputes_at) this.disputeLater(c);
        this.tell('charge.succeeded', 'charge', c);
        p.status = held ? 'requires_capture' : 'succeeded';
        p.amount_capturable = held ? p.amount : 0;
        p.amount_received = held ? 0 : p.amount;
        this.store.put('intent', p);
        this.tell(held ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded',
            'intent', p);
        this.finishSession(p, !held);
        return { outcome: 'paid', intent: p, charge: c };
    }

    take(c, amount) {
        c.captured = true;
        c.amount_captured = amount;
        c.balance_transaction = `txn_3${shapes.token(23)}`;
    }

    finishSession(p, paid) {
        const s = p.session && this.store.get('session', p.session);
        if (!s) return;
        const first = s.status === 'open';
        s.status = 'complete';
        if (paid) s.payment_status = 'paid';
        this.store.put('session', s);
        if (first) this.tell('checkout.session.completed', 'session', s);
        else if (p.late) this.tell('checkout.session.async_payment_succeeded', 'session', s);
    }

    settleAfter(p, m) {
        p.settles = { at: Date.now() + this.settings.async_ms, well: m.does.well };
        p.late = true;
        const c = this.newCharge(p, m, { status: 'pending' });
        p.status = 'processing';
        this.store.put('intent', p);
        this.tell('charge.pending', 'charge', c);
        this.tell('payment_intent.processing', 'intent', p);
        this.finishSession(p, false);
        this.settleLater(p);
        return { outcome: 'later', intent: p, charge: c };
    }

    settleLater(p) {
        this.later(Math.max(0, p.settles.at - Date.now()), () => this.settle(p));
    }

    settle(p) {
        if (!p.settles) return;
        const { well } = p.settles;
        p.settles = null;
        const m = this.store.get('method', p.payment_method) ?? LOST_METHOD;
        if (well) {
            this.succeed(p, m);
            return;
        }
        this.fail(p, m, {
            code: 'payment_intent_payment_attempt_failed', message: 'The payment failed.',
        });
        const s = p.session && this.store.get('session', p.session);
        if (s) this.tell('checkout.session.async_payment_failed', 'session', s);
    }

    capture(p, amount) {
        if (p.status !== 'requires_capture') throw this.unexpected(p, 'capture');
        const wanted = amount ?? p.amount_capturable;
        if (wanted > p.amount_capturable) {
            throw refused(`The amount to capture (${wanted}) is more than what is held `
                + `(${p.amount_capturable}).`, { param: 'amount_to_capture',
                code: 'amount_too_large' });
        }
        const c = this.store.get('charge', p.latest_charge);
        this.take(c, wanted);
        this.store.put('charge', c);
        Object.assign(p, { status: 'succeeded', amount_capturable: 0, amount_received: wanted });
        this.store.put('intent', p);
        this.tell('charge.captured', 'charge', c);
        this.tell('payment_intent.succeeded', 'intent', p);
        this.finishSession(p, true);
        return p;
    }

    cancel(p, reason) {
        if (p.session && p.status !== 'requires_capture') this.notOfCheckout(p, 'cancel');
        if (!OPEN_INTENT.includes(p.status) && p.status !== 'requires_capture') {
            throw this.unexpected(p, 'cancel');
        }
        this.endIntent(p, reason ?? null);
        return p;
    }

    endIntent(p, reason) {
        const held = p.status === 'requires_capture';
        Object.assign(p, { status: 'canceled', canceled_at: seconds(),
            cancellation_reason: reason, amount_capturable: 0 });
        this.store.put('intent', p);
        if (held) {
            // What was held goes back without ever having been taken.
            const c = this.store.get('charge', p.latest_charge);
            c.amount_refunded = c.amount;
            this.store.put('charge', c);
            this.tell('charge.refunded', 'charge', c);
        }
        this.tell('payment_intent.canceled', 'intent', p);
    }

    // --- payment methods ---------------------------------------------------------------------

    newMethod(read, { email = null, name = null } = {}, metadata = {}) {
        return this.store.put('method', {
            id: `pm_1${shapes.token(23)}`, created: seconds(), card: read.card, does: read.does,
            email, name, metadata,
        });
    }

    // "pm_card_visa" and its like stand for a fresh method each time they are used.
    usableMethod(name) {
        const number = cardNamed(name);
        if (!number) return this.find('method', name, 'payment_method');
        const year = new Date().getUTCFullYear() + 3;
        return this.newMethod(readCard({ number, month: '12', year: String(year), cvc: null },
            Date.now()));
    }

    // --- refunds -----------------------------------------------------------------------------

    refund(given) {
        const c = this.chargeToRefund(given);
        const left = c.amount_captured - c.amount_refunded;
        if (left <= 0) {
            throw refused(`Charge ${c.id} has already been refunded.`,
                { code: 'charge_already_refunded' });
        }
        const amount = given.amount ?? left;
        if (amount > left) {
            throw refused(`Refund amount (${format(amount, c.currency)}) is greater than the `
                + `unrefunded amount on the charge (${format(left, c.currency)}).`,
                { param: 'amount' });
        }
        const fault = stepFault(amount, c.currency);
        if (fault) throw invalid(fault.message, 'amount', fault.code);
        return this.giveBack(c, amount, given);
    }

    chargeToRefund(given) {
        if (!given.payment_intent && !given.charge) {
            throw invalid('One of these must be given: payment_intent, charge.', 'payment_intent',
                'parameter_missing');
        }
        const p = given.payment_intent
            && this.find('intent', given.payment_intent, 'payment_intent');
        const id = p ? p.latest_charge : given.charge;
        const c = p && !id ? null : this.find('charge', id, 'charge');
        if (given.charge && c && c.id !== given.charge) {
            throw invalid('The charge does not belong to the PaymentIntent.', 'charge');
        }
        if (!c || c.status !== 'succeeded' || !c.captured) {
            throw refused(`${p ? `PaymentIntent ${p.id}` : `Charge ${id}`} has no captured charge `
                + 'to refund.', { param: p ? 'payment_intent' : 'charge' });
        }
        const taken = this.disputesOf(c).some((d) => !d.inquiry && d.status !== 'won');
        if (taken) {
            throw refused(`Charge ${c.id} has been charged back; cannot issue a refund.`,
                { code: 'charge_disputed' });
        }
        return c;
    }

    giveBack(c, amount, given) {
        const how = this.store.get('method', c.payment_method)?.does.refund ?? null;
        const r = this.store.put('refund', {
            id: `re_3${shapes.token(23)}`,
            created: seconds(),
            amount,
            currency: c.currency,
            charge: c.id,
            payment_intent: c.payment_intent,
            payment_method: c.payment_method,
            balance_transaction: `txn_3${shapes.token(23)}`,
            reason: given.reason ?? null,
            metadata: given.metadata ?? {},
            status: how === 'pending' ? 'pending' : 'succeeded',
            settles: how && { at: Date.now() + this.settings.async_ms, well: how === 'pending' },
        });
        c.amount_refunded += amount;
        c.refunds.push(r.id);
        this.store.put('charge', c);
        this.tell('refund.created', 'refund', r);
        this.tell('charge.refunded', 'charge', c);
        if (r.settles) this.settleRefundLater(r);
        return r;
    }

    settleRefundLater(r) {
        this.later(Math.max(0, r.settles.at - Date.now()), () => this.settleRefund(r));
    }

    settleRefund(r) {
        if (!r.settles) return;
        r.status = r.settles.well ? 'succeeded' : 'failed';
        r.settles = null;
        this.store.put('refund', r);
        const c = this.store.get('charge', r.charge);
        if (r.status === 'failed' && c) {
            c.amount_refunded -= r.amount;
            this.store.put('charge', c);
        }
        this.tell('refund.updated', 'refund', r);
        if (r.status === 'failed') this.tell('refund.failed', 'refund', r);
    }

    // --- disputes ----------------------------------------------------------------------------

    disputesOf(c) {
        return (c.disputes ?? []).map((id) => this.store.get('dispute', id)).filter(Boolean);
    }

    disputeLater(c) {
        this.later(Math.max(0, c.disputes_at - Date.now()), () => {
            const how = this.store.get('method', c.payment_method)?.does.dispute;
            if (c.disputes_at && how) this.dispute(c, how);
        });
    }

    // The buyer's bank asks (an inquiry: no money moves), or takes the payment back.
    dispute(c, { reason = 'fraudulent', inquiry = false, amount = c.amount, due_s = 9 * DAY }) {
        const d = this.store.put('dispute', {
            id: `du_1${shapes.token(23)}`,
            created: seconds(),
            amount,
            currency: c.currency,
            charge: c.id,
            payment_intent: c.payment_intent,
            reason,
            inquiry,
            status: inquiry ? 'warning_needs_response' : 'needs_response',
            due_by: due_s ? seconds() + due_s : 0,
            evidence: {},
            known: this.knownOf(c), // what the provider fills in of itself
            submissions: 0,
            movements: [],
            metadata: {},
        });
        c.disputes_at = null;
        c.disputes = [...c.disputes ?? [], d.id];
        this.store.put('charge', c);
        if (!inquiry) this.moveFunds(d, -1);
        this.tell('charge.dispute.created', 'dispute', d);
        if (!inquiry) this.tell('charge.dispute.funds_withdrawn', 'dispute', d);
        return d;
    }

    knownOf(c) {
        const m = this.store.get('method', c.payment_method);
        return {
            customer_email_address: m?.email ?? c.receipt_email, customer_name: m?.name ?? null,
            customer_purchase_ip: '203.0.113.77',
        };
    }

    moveFunds(d, sign) {
        d.movements.push({
            id: `txn_3${shapes.token(23)}`, created: seconds(), amount: sign * d.amount,
            fee: sign < 0 ? 1500 : -1500,
        });
        this.store.put('dispute', d);
    }

    openDispute(id) {
        const d = this.find('dispute', id, 'dispute');
        if (['won', 'lost', 'warning_closed'].includes(d.status)) {
            throw refused('This dispute is already closed.', { code: 'dispute_already_closed' });
        }
        return d;
    }

    // In test mode a word in the evidence says how the bank will decide, and it does so at once.
    answerDispute(d, { evidence = {}, submit = true }) {
        Object.assign(d.evidence, evidence);
        this.store.put('dispute', d);
        if (!submit) {
            this.tell('charge.dispute.updated', 'dispute', d);
            return d;
        }
        d.submissions++;
        d.status = d.inquiry ? 'warning_under_review' : 'under_review';
        this.store.put('dispute', d);
        this.tell('charge.dispute.updated', 'dispute', d);
        const word = d.evidence.uncategorized_text;
        if (d.inquiry && word === 'escalate_inquiry_evidence') return this.escalate(d);
        if (word === 'winning_evidence') return this.closeDispute(d, 'won');
        if (word === 'losing_evidence') return this.closeDispute(d, 'lost');
        return d;
    }

    escalate(d) {
        Object.assign(d, { inquiry: false, status: 'needs_response', submissions: 0 });
        this.moveFunds(d, -1);
        this.tell('charge.dispute.updated', 'dispute', d);
        this.tell('charge.dispute.funds_withdrawn', 'dispute', d);
        return d;
    }

    closeDispute(d, how) {
        d.status = d.inquiry ? 'warning_closed' : how;
        this.store.put('dispute', d);
        if (d.status === 'won') this.moveFunds(d, 1);
        this.tell('charge.dispute.closed', 'dispute', d);
        if (d.status === 'won') this.tell('charge.dispute.funds_reinstated', 'dispute', d);
        return d;
    }
}

// A charge may outlive its method on a full shelf.
const LOST_METHOD = {
    id: null, created: 0, email: null, name: null, metadata: {}, does: { kind: 'pay' },
    card: { brand: 'unknown', last4: '0000', exp_month: 1, exp_year: 2000, fingerprint: null,
        cvc_check: null },
};

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

export function automatic(given) {
    const asked = given.automatic_payment_methods;
    if (asked) return asked.enabled ? asked : null;
    return given.payment_method_types ? null : { enabled: true };
}

function readLines(items) {
    let currency = null;
    const lines = items.map((item, i) => {
        const price = item.price_data;
        if (currency !== null && price.currency !== currency) {
            throw invalid('All line items must have the same currency.',
                `line_items[${i}][price_data][currency]`);
        }
        currency = price.currency;
        return {
            id: `li_1${shapes.token(23)}`,
            price: `price_1${shapes.token(23)}`,
            product: `prod_${shapes.token(14)}`,
            name: price.product_data.name,
            description: price.product_data.description ?? null,
            quantity: item.quantity ?? 1,
            unit_amount: price.unit_amount,
        };
    });
    return { currency, lines };
}
