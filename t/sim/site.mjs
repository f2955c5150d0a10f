// The buyer's side: /c/pay/{session} and /c/3ds/{intent}_{key}. Turns what happened at the till
// into a page or a redirect. Gives back {status, headers, body, endpoint}.

import { FormError, decodeForm } from './form.mjs';
import { bankPage, notice, pageHeaders, payPage, speak } from './page.mjs';
import { format } from './money.mjs';
import { total } from './shapes.mjs';

const text = (value, most) => (typeof value === 'string' ? value.trim().slice(0, most) : '');

export const returnUrl = (s) => s.success_url.replaceAll('{CHECKOUT_SESSION_ID}', s.id);

const DECLINES = {
    insufficient_funds: 'd_insufficient_funds', test_mode_live_card: 'd_test_mode_live_card',
    expired_card: 'd_expired_card', incorrect_cvc: 'd_incorrect_cvc',
    processing_error: 'd_processing_error',
};

export class Site {
    constructor({ till, store, merchant }) {
        Object.assign(this, { till, store, merchant });
    }

    // `request` = {method, path, query, headers, body: Buffer}; null where no page is.
    async answer(request) {
        const accept = request.headers['accept-language'];
        const paying = /^\/c\/pay\/(cs_[A-Za-z0-9_]{1,250})$/.exec(request.path);
        if (paying) return this.pay(request, this.store.get('session', paying[1]), accept);
        const asked = /^\/c\/3ds\/(pi_[A-Za-z0-9]{1,250})_([A-Za-z0-9]{24})$/.exec(request.path);
        if (asked) return this.bank(request, this.store.get('intent', asked[1]), asked[2], accept);
        return null;
    }

    page(status, body, addresses, endpoint) {
        return { status, headers: pageHeaders(addresses), body, endpoint };
    }

    gone(accept, endpoint) {
        const say = speak(null, accept);
        return this.page(404, notice(say, { title: say('gone_title'), text: say('gone_text') }),
            [], endpoint);
    }

    seeOther(to, endpoint) {
        return {
            status: 303, body: '', endpoint,
            headers: {
                Location: to, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer',
            },
        };
    }

    async pay(request, s, accept) {
        const post = request.method === 'POST';
        const endpoint = `${post ? 'POST' : 'GET'} /c/pay/:id`;
        if (!s) return this.gone(accept, endpoint);
        const say = speak(s.locale, accept);
        const result = post ? await this.tryToPay(request, s, say) : this.look(request, s, say);
        return result.to ? this.seeOther(result.to, endpoint)
            : this.page(result.status, result.body, [s.success_url, s.cancel_url], endpoint);
    }

    look(request, s, say) {
        const closed = this.till.run(null, () => this.till.whyClosed(s));
        if (closed) return this.closed(closed, say);
        const query = readForm(request.query);
        const refusal = query.refused ? say('d_authentication') : '';
        const typed = { email: s.buyer?.email ?? undefined, name: s.buyer?.name ?? undefined };
        const fill = text(query.fill, 20);
        const body = payPage(say, s, { merchant: this.merchant, typed, fill, refusal });
        return { status: 200, body };
    }

    closed({ outcome, status, session: s }, say) {
        const merchant = this.merchant;
        const values = { merchant, amount: format(total(s), s.currency, say.language) };
        const back = { href: returnUrl(s), words: say('return', values) };
        const away = { href: s.cancel_url, words: say('return', values) };
        const settling = this.store.get('intent', s.payment_intent)?.status === 'processing';
        const [name, code, links] = outcome === 'busy'
            ? ['busy', 409, [{ href: s.id, words: say('reload') }]]
            : status === 'expired' ? ['expired', 410, [away]]
                : settling ? ['waiting', 200, [back]]
                    : ['paid', 200, [back]];
        const body = notice(say, {
            title: say(`${name}_title`), text: say(`${name}_text`, values), links,
        });
        return { status: code, body };
    }

    async tryToPay(request, s, say) {
        const form = readForm(request.body);
        const typed = {
            email: s.customer_email ?? text(form.email, 254), name: text(form.name, 200),
            exp: text(form.exp, 9),
        };
        const errors = {};
        if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(typed.email)) errors.email = say('e_email');
        if (!typed.name) errors.name = say('e_name');
        const again = (status, more) => ({
            status, body: payPage(say, s, { merchant: this.merchant, typed, errors, ...more }),
        });
        if (Object.keys(errors).length) {
            const closed = this.till.run(null, () => this.till.whyClosed(s));
            return closed ? this.closed(closed, say) : again(422);
        }
        const [, month = '', year = ''] = /^(\d{1,2})\s*\/?\s*(\d{2}|\d{4})$/.exec(typed.exp) ?? [];
        const result = await this.till.payPage(s.id, {
            number: text(form.number, 30), month, year, cvc: text(form.cvc, 4),
        }, typed);
        switch (result.outcome) {
        case 'fault': {
            const { field, code } = result.fault;
            const unreadable = field === 'exp' && month === '';
            errors[field] = say(unreadable ? 'e_invalid_expiry_year' : `e_${code}`);
            return again(422);
        }
        case 'failed':
            return again(402, {
                refusal: say(DECLINES[result.error.decline_code ?? result.error.code]
                    ?? 'declined_text'),
            });
        case 'asks': return { to: `../3ds/${result.intent.id}_${result.intent.action_key}` };
        case 'closed':
        case 'busy': return this.closed(result, say);
        default: return { to: returnUrl(s) };
        }
    }

    async bank(request, p, key, accept) {
        const post = request.method === 'POST';
        const endpoint = `${post ? 'POST' : 'GET'} /c/3ds/:id`;
        if (!p || !p.action_key || p.action_key !== key) return this.gone(accept, endpoint);
        const s = this.store.get('session', p.session);
        const say = speak(s?.locale, accept);
        const addresses = [s?.success_url, s?.cancel_url, p.return_url];
        if (!post && p.status === 'requires_action') {
            const last4 = this.store.get('method', p.payment_method)?.card.last4 ?? '';
            const amount = format(p.amount, p.currency, say.language);
            return this.page(200, bankPage(say, {
                merchant: this.merchant, amount, last4, action: `${p.id}_${key}`,
            }), addresses, endpoint);
        }
        if (!post) return this.settled(p, s, say, addresses, endpoint);
        if (this.till.settings.bank_ms) {
            await new Promise((done) => { setTimeout(done, this.till.settings.bank_ms); });
        }
        const yes = readForm(request.body).answer === 'yes';
        const result = this.till.run(null, () => this.till.authorise(p, yes));
        if (result.outcome === 'closed') return this.settled(p, s, say, addresses, endpoint);
        return this.seeOther(this.wayBack(p, s, result.outcome === 'paid'), endpoint);
    }

    settled(p, s, say, addresses, endpoint) {
        const merchant = this.merchant;
        const href = this.wayBack(p, s, ['succeeded', 'requires_capture'].includes(p.status));
        const links = [{ href, words: say('return', { merchant }) }];
        const body = notice(say, { title: say('closed'), text: say('closed_text'), links });
        return this.page(409, body, addresses, endpoint);
    }

    wayBack(p, s, paid) {
        if (s) return paid ? returnUrl(s) : `../pay/${s.id}?refused=1`;
        if (!p.return_url) return '';
        const to = new URL(p.return_url);
        to.searchParams.set('payment_intent', p.id);
        to.searchParams.set('payment_intent_client_secret', p.client_secret);
        to.searchParams.set('redirect_status', paid ? 'succeeded' : 'failed');
        return to.href;
    }
}

function readForm(input) {
    try {
        return decodeForm(input, { maxPairs: 50, maxDepth: 2 });
    } catch (error) {
        if (error instanceof FormError) return {};
        throw error;
    }
}
