// Text messages, as Twilio takes them: /2010-04-01/Accounts/{AccountSid}/Messages[.json]. Nothing is
// sent; GET /_sim/texts shows what would have been. Reports go to StatusCallback, signed.
//
// Numbers that behave: +66800000001 is no number (21211), +66800000002 is of a region that is not
// allowed (21408), +66800000003 is taken and not delivered. All others are delivered.

import { createHmac, randomBytes } from 'node:crypto';

const MOST_BODY = 1600;
const MOST_KEPT = 5000;
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
const sid = (kind) => kind + randomBytes(16).toString('hex');

class Refused extends Error {
    constructor(status, code, message) {
        super(message);
        Object.assign(this, { status, code });
    }
}

const isNumber = (text) => /^\+[1-9]\d{6,14}$/.test(text ?? '');

// base64(HMAC-SHA1(token, url and then name and value of each field, sorted by name))
export function signature(token, url, fields) {
    const text = Object.keys(fields).sort().reduce((all, name) => all + name + fields[name], url);
    return createHmac('sha1', token).update(text, 'utf8').digest('base64');
}

export class Texts {
    constructor({ switches, account, token }) {
        Object.assign(this, { switches, account, token, messages: [], reports: [] });
    }

    static isHere(path) {
        return path.startsWith('/2010-04-01/');
    }

    async answer(request) {
        const { delays, fault } = this.switches.meet(request.method, request.path);
        if (delays.before) await pause(delays.before);
        if (fault?.at === 'before') return spoilt(fault, { status: 200, headers: {}, body: '{}' });
        const result = this.handle(request);
        if (delays.after) await pause(delays.after);
        return spoilt(fault, result);
    }

    handle(request) {
        const asJson = request.path.endsWith('.json');
        try {
            const { status, value } = this.act(request);
            return wrapped(status, value, asJson);
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            return wrapped(error.status, { code: error.code, message: error.message,
                more_info: `https://www.twilio.com/docs/errors/${error.code}`, status: error.status }, asJson);
        }
    }

    act({ method, path, query, headers, body }) {
        const found = /^\/2010-04-01\/Accounts\/([^/.]+)(\/Messages)?(?:\/(SM[0-9a-f]{32}))?(?:\.json)?$/.exec(path);
        const given = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(headers.authorization ?? '')?.[1];
        const [user, ...secret] = given ? Buffer.from(given, 'base64').toString().split(':') : [];
        if (user !== this.account || secret.join(':') !== this.token) {
            throw new Refused(401, 20003, 'Authenticate');
        }
        if (!found || found[1] !== this.account) {
            throw new Refused(404, 20404, `The requested resource ${path} was not found`);
        }
        if (!found[2]) return { status: 200, value: { sid: this.account, status: 'active', type: 'Full' } };
        if (found[3]) {
            const one = this.messages.find((message) => message.sid === found[3]);
            if (!one) throw new Refused(404, 20404, 'The requested resource was not found');
            return { status: 200, value: one };
        }
        if (method === 'GET') return { status: 200, value: this.list(new URLSearchParams(query)) };
        if (method !== 'POST') throw new Refused(405, 20004, 'Method not allowed');
        return { status: 201, value: this.take(headers, new URLSearchParams(body.toString())) };
    }

    list(query) {
        const size = Math.min(Number(query.get('PageSize') ?? 50), 1000);
        const to = query.get('To');
        const messages = this.messages.filter((message) => !to || message.to === to).reverse().slice(0, size);
        return { messages, page: 0, page_size: size, start: 0, end: messages.length - 1, next_page_uri: null };
    }

    take(headers, form) {
        const type = (headers['content-type'] ?? '').split(';')[0].trim();
        const [to, from, service, body] = ['To', 'From', 'MessagingServiceSid', 'Body'].map((name) => form.get(name));
        if (type !== 'application/x-www-form-urlencoded') throw new Refused(400, 21604, "A 'To' phone number is required.");
        if (!to) throw new Refused(400, 21604, "A 'To' phone number is required.");
        if (!from && !service) throw new Refused(400, 21603, "A 'From' phone number is required.");
        if (!body) throw new Refused(400, 21602, 'Message body is required.');
        if ([...body].length > MOST_BODY) throw new Refused(400, 21617, 'The concatenated message body exceeds the 1600 character limit.');
        if (!isNumber(to) || to === '+66800000001') throw new Refused(400, 21211, `Invalid 'To' Phone Number: ${to}`);
        if (to === '+66800000002') throw new Refused(400, 21408, `Permission to send an SMS has not been enabled for the region indicated by the 'To' number: ${to}.`);
        const now = new Date().toUTCString();
        const units = /^[\x0a\x0d\x20-\x7e]*$/.test(body) ? [160, 153] : [70, 67];
        const message = {
            sid: sid('SM'), account_sid: this.account, messaging_service_sid: service, from, to, body,
            status: 'queued', direction: 'outbound-api', api_version: '2010-04-01',
            num_segments: String(body.length <= units[0] ? 1 : Math.ceil(body.length / units[1])), num_media: '0',
            error_code: null, error_message: null, price: null, price_unit: 'USD',
            date_created: now, date_updated: now, date_sent: null,
        };
        this.messages.push(message);
        if (this.messages.length > MOST_KEPT) this.messages.shift();
        this.deliver(message, form.get('StatusCallback'));
        return { ...message };
    }

    async deliver(message, callback) {
        await pause(50);
        for (const status of ['sent', message.to === '+66800000003' ? 'undelivered' : 'delivered']) {
            message.status = status;
            message.date_sent ??= new Date().toUTCString();
            if (status === 'undelivered') message.error_code = 30005;
            if (callback) await this.report(message, callback);
        }
    }

    async report(message, url) {
        const fields = { MessageSid: message.sid, SmsSid: message.sid, AccountSid: this.account, From: message.from ?? '', To: message.to,
            MessageStatus: message.status, SmsStatus: message.status, ApiVersion: '2010-04-01',
            ...(message.error_code ? { ErrorCode: String(message.error_code) } : {}) };
        try {
            const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual',
                signal: AbortSignal.timeout(5000), headers: { 'X-Twilio-Signature': signature(this.token, url, fields) } });
            this.reports.push({ sid: message.sid, status: message.status, answered: answer.status });
        } catch {
            this.reports.push({ sid: message.sid, status: message.status, answered: 0 });
        }
        if (this.reports.length > MOST_KEPT) this.reports.shift();
    }

    show(query) {
        const to = query.get('to');
        return { messages: this.messages.filter((message) => !to || message.to === to), reports: this.reports };
    }
}

function wrapped(status, value, asJson) {
    if (asJson) return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
    return { status, headers: { 'Content-Type': 'application/xml' }, body: '<?xml version="1.0"?><TwilioResponse/>' };
}

function spoilt(fault, result) {
    if (!fault) return result;
    if (fault.do !== 'status') return { ...result, spoil: fault };
    const code = fault.status === 429 ? 20429 : 20500;
    const extra = fault.retry_after === null ? {} : { 'Retry-After': String(fault.retry_after) };
    return { ...wrapped(fault.status, { code, message: 'By a switch', more_info: `https://www.twilio.com/docs/errors/${code}`,
        status: fault.status }, true), extra };
}
