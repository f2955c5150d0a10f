// The one error the simulator answers with, in the provider's shape.
// `begun` says whether the endpoint had begun its work: only then is the answer kept for the
// Idempotency-Key.

export class ApiError extends Error {
    constructor(status, type, message, fields = {}) {
        super(message);
        const { begun = false, ...rest } = fields;
        this.status = status;
        this.type = type;
        this.begun = begun;
        this.fields = rest;
    }

    body(requestId) {
        const error = {};
        for (const [key, value] of Object.entries(this.fields)) {
            if (value !== null && value !== undefined) error[key] = value;
        }
        if (error.code) error.doc_url = `https://stripe.com/docs/error-codes/${dashed(error.code)}`;
        error.message = this.message;
        if (requestId) {
            error.request_log_url = `https://dashboard.stripe.com/test/logs/${requestId}`;
        }
        error.type = this.type;
        return { error };
    }
}

const dashed = (code) => code.replaceAll('_', '-');

// The request itself is wrong: nothing was begun.
export function invalid(message, param = null, code = null) {
    return new ApiError(400, 'invalid_request_error', message, { param, code });
}

// The request is well formed, but the object's state says no.
export function refused(message, fields = {}) {
    return new ApiError(400, 'invalid_request_error', message, { ...fields, begun: true });
}

export function missing(what, id, param = 'id') {
    return new ApiError(404, 'invalid_request_error', `No such ${what}: '${id}'`,
        { code: 'resource_missing', param, begun: true });
}
