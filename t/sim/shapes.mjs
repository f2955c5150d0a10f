// What the provider's objects look like on the wire. The simulator keeps only what it needs to
// know (till.mjs); each function here dresses one kept object in the full set of keys.

import { randomBytes } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
export const API_VERSION = '2026-07-29.dahlia';
export const isVersion = (text) => /^\d{4}-\d{2}-\d{2}(\.[a-z_]+)?$/.test(text);

export function token(length) {
    let out = '';
    while (out.length < length) {
        for (const byte of randomBytes(length * 2)) {
            if (byte < 248 && out.length < length) out += LETTERS[byte % 62];
        }
    }
    return out;
}

const NO_ADDRESS = {
    city: null, country: null, line1: null, line2: null, postal_code: null, state: null,
};

export const total = (session) =>
    session.lines.reduce((sum, line) => sum + line.quantity * line.unit_amount, 0);

export function session(s, publicUrl) {
    const amount = total(s);
    return {
        id: s.id,
        object: 'checkout.session',
        adaptive_pricing: null,
        after_expiration: null,
        allow_promotion_codes: null,
        amount_subtotal: amount,
        amount_total: amount,
        automatic_tax: { enabled: false, liability: null, provider: null, status: null },
        billing_address_collection: s.billing_address_collection,
        cancel_url: s.cancel_url,
        client_reference_id: s.client_reference_id,
        client_secret: null,
        collected_information: null,
        consent: null,
        consent_collection: null,
        created: s.created,
        currency: s.currency,
        currency_conversion: null,
        custom_fields: [],
        custom_text: {
            after_submit: null, shipping_address: null, submit: null,
            terms_of_service_acceptance: null,
        },
        customer: null,
        customer_account: null,
        customer_creation: s.customer_creation,
        customer_details: customerDetails(s),
        customer_email: s.customer_email,
        discounts: [],
        expires_at: s.expires_at,
        integration_identifier: null,
        invoice: null,
        invoice_creation: {
            enabled: false,
            invoice_data: {
                account_tax_ids: null, custom_fields: null, description: null, footer: null,
                issuer: null, metadata: {}, rendering_options: null,
            },
        },
        livemode: false,
        locale: s.locale,
        managed_payments: null,
        metadata: s.metadata,
        mode: 'payment',
        origin_context: null,
        payment_intent: s.payment_intent,
        payment_link: null,
        payment_method_collection: 'if_required',
        payment_method_configuration_details: null,
        payment_method_options: {},
        payment_method_types: ['card'],
        payment_status: s.payment_status,
        permissions: null,
        phone_number_collection: { enabled: false },
        recovered_from: null,
        saved_payment_method_options: null,
        setup_intent: null,
        shipping_address_collection: null,
        shipping_cost: null,
        shipping_options: [],
        status: s.status,
        submit_type: s.submit_type,
        subscription: null,
        success_url: s.success_url,
        total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
        ui_mode: 'hosted',
        url: s.status === 'open' ? `${publicUrl}/c/pay/${s.id}` : null,
        wallet_options: null,
    };
}

function customerDetails(s) {
    if (!s.buyer && !s.customer_email) return null;
    return {
        address: s.buyer ? { ...NO_ADDRESS } : null,
        business_name: null,
        email: s.buyer?.email ?? s.customer_email,
        individual_name: null,
        name: s.buyer?.name ?? null,
        phone: null,
        tax_exempt: 'none',
        tax_ids: s.buyer ? [] : null,
    };
}

export function lineItem(line, s) {
    const amount = line.quantity * line.unit_amount;
    return {
        id: line.id,
        object: 'item',
        adjustable_quantity: null,
        amount_discount: 0,
        amount_subtotal: amount,
        amount_tax: 0,
        amount_total: amount,
        currency: s.currency,
        description: line.name,
        metadata: {},
        price: {
            id: line.price,
            object: 'price',
            active: false,
            billing_scheme: 'per_unit',
            created: s.created,
            currency: s.currency,
            custom_unit_amount: null,
            livemode: false,
            lookup_key: null,
            metadata: {},
            nickname: null,
            product: line.product,
            recurring: null,
            tax_behavior: 'unspecified',
            tiers_mode: null,
            transform_quantity: null,
            type: 'one_time',
            unit_amount: line.unit_amount,
            unit_amount_decimal: String(line.unit_amount),
        },
        quantity: line.quantity,
    };
}

export function intent(p, method, publicUrl) {
    return {
        id: p.id,
        object: 'payment_intent',
        amount: p.amount,
        amount_capturable: p.amount_capturable,
        amount_details: { tip: {} },
        amount_received: p.amount_received,
        application: null,
        application_fee_amount: null,
        automatic_payment_methods: p.automatic && { ...p.automatic },
        canceled_at: p.canceled_at,
        cancellation_reason: p.cancellation_reason,
        capture_method: p.capture_method,
        client_secret: p.client_secret,
        confirmation_method: 'automatic',
        created: p.created,
        currency: p.currency,
        customer: null,
        customer_account: null,
        description: p.description,
        excluded_payment_method_types: null,
        last_payment_error: p.last_error && paymentError(p.last_error, method(p.last_error.method)),
        latest_charge: p.latest_charge,
        livemode: false,
        managed_payments: null,
        metadata: p.metadata,
        next_action: p.status !== 'requires_action' ? null : {
            redirect_to_url: {
                return_url: p.return_url, url: `${publicUrl}/c/3ds/${p.id}_${p.action_key}`,
            },
            type: 'redirect_to_url',
        },
        on_behalf_of: null,
        payment_method: p.payment_method,
        payment_method_configuration_details: null,
        payment_method_options: {
            card: {
                installments: null, mandate_options: null, network: null,
                request_three_d_secure: 'automatic',
            },
        },
        payment_method_types: ['card'],
        processing: p.status === 'processing' ? { type: 'card', card: {} } : null,
        receipt_email: p.receipt_email,
        review: null,
        setup_future_usage: null,
        shipping: null,
        source: null,
        statement_descriptor: p.statement_descriptor,
        statement_descriptor_suffix: p.statement_descriptor_suffix,
        status: p.status,
        transfer_data: null,
        transfer_group: p.transfer_group,
    };
}

function paymentError(error, method) {
    const out = {};
    if (error.charge) out.charge = error.charge;
    out.code = error.code;
    if (error.decline_code) out.decline_code = error.decline_code;
    out.doc_url = `https://stripe.com/docs/error-codes/${error.code.replaceAll('_', '-')}`;
    out.message = error.message;
    if (method) out.payment_method = method;
    out.type = error.type;
    return out;
}

export function method(m) {
    return {
        id: m.id,
        object: 'payment_method',
        allow_redisplay: 'unspecified',
        billing_details: billing(m),
        card: {
            brand: m.card.brand,
            checks: {
                address_line1_check: null, address_postal_code_check: null,
                cvc_check: m.card.cvc_check,
            },
            country: 'US',
            display_brand: m.card.brand,
            exp_month: m.card.exp_month,
            exp_year: m.card.exp_year,
            fingerprint: m.card.fingerprint,
            funding: 'credit',
            generated_from: null,
            last4: m.card.last4,
            networks: { available: [m.card.brand], preferred: null },
            regulated_status: 'unregulated',
            three_d_secure_usage: { supported: true },
            wallet: null,
        },
        created: m.created,
        customer: null,
        customer_account: null,
        livemode: false,
        metadata: m.metadata,
        type: 'card',
    };
}

const billing = (m) => ({
    address: { ...NO_ADDRESS }, email: m.email, name: m.name, phone: null, tax_id: null,
});

export function charge(c, m, refunds) {
    return {
        id: c.id,
        object: 'charge',
        amount: c.amount,
        amount_captured: c.amount_captured,
        amount_refunded: c.amount_refunded,
        application: null,
        application_fee: null,
        application_fee_amount: null,
        balance_transaction: c.balance_transaction,
        billing_details: billing(m),
        calculated_statement_descriptor: c.statement_descriptor ?? 'SIMULATOR',
        captured: c.captured,
        created: c.created,
        currency: c.currency,
        customer: null,
        description: c.description,
        disputed: (c.disputes ?? []).length > 0,
        failure_balance_transaction: null,
        failure_code: c.failure?.code ?? null,
        failure_message: c.failure?.message ?? null,
        fraud_details: {},
        livemode: false,
        metadata: c.metadata,
        on_behalf_of: null,
        outcome: outcome(c),
        paid: c.status === 'succeeded',
        payment_intent: c.payment_intent,
        payment_method: c.payment_method,
        payment_method_details: { card: cardDetails(c, m), type: 'card' },
        receipt_email: c.receipt_email,
        receipt_number: null,
        receipt_url: null,
        refunded: c.status === 'succeeded' && c.amount_refunded === c.amount,
        refunds: {
            object: 'list', data: refunds, has_more: false, url: `/v1/charges/${c.id}/refunds`,
        },
        review: null,
        shipping: null,
        source: null,
        source_transfer: null,
        statement_descriptor: c.statement_descriptor,
        statement_descriptor_suffix: c.statement_descriptor_suffix,
        status: c.status,
        transfer_data: null,
        transfer_group: c.transfer_group,
    };
}

function outcome(c) {
    if (c.status === 'pending') return null;
    const failed = c.status === 'failed';
    return {
        advice_code: null,
        network_advice_code: null,
        network_decline_code: null,
        network_status: failed ? 'declined_by_network' : 'approved_by_network',
        reason: failed ? c.failure.decline_code ?? c.failure.code : null,
        seller_message: failed ? 'The bank did not approve the payment.' : 'Payment complete.',
        type: failed ? 'issuer_declined' : 'authorized',
    };
}

function cardDetails(c, m) {
    return {
        amount_authorized: c.status === 'succeeded' ? c.amount : null,
        authorization_code: c.status === 'succeeded' ? c.authorization_code : null,
        brand: m.card.brand,
        checks: {
            address_line1_check: null, address_postal_code_check: null,
            cvc_check: m.card.cvc_check,
        },
        country: 'US',
        exp_month: m.card.exp_month,
        exp_year: m.card.exp_year,
        extended_authorization: { status: 'disabled' },
        fingerprint: m.card.fingerprint,
        funding: 'credit',
        incremental_authorization: { status: 'unavailable' },
        installments: null,
        last4: m.card.last4,
        mandate: null,
        multicapture: { status: 'unavailable' },
        network: m.card.brand,
        network_token: { used: false },
        network_transaction_id: c.network_transaction_id,
        overcapture: { maximum_amount_capturable: c.amount, status: 'unavailable' },
        regulated_status: 'unregulated',
        three_d_secure: !c.authenticated ? null : {
            authentication_flow: 'challenge', electronic_commerce_indicator: '05',
            exemption_indicator: null, result: 'authenticated', result_reason: null,
            transaction_id: c.authenticated, version: '2.2.0',
        },
        transaction_link_id: null,
        wallet: null,
    };
}

export function refund(r) {
    const out = {
        id: r.id,
        object: 'refund',
        amount: r.amount,
        balance_transaction: r.balance_transaction,
        charge: r.charge,
        created: r.created,
        currency: r.currency,
        customer: null,
        customer_account: null,
        destination_details: { card: { type: 'refund' }, type: 'card' },
        metadata: r.metadata,
        payment_intent: r.payment_intent,
        payment_method: r.payment_method,
        reason: r.reason,
        receipt_number: null,
        source_transfer_reversal: null,
        status: r.status,
        transfer_reversal: null,
    };
    if (r.status === 'failed') out.failure_reason = 'lost_or_stolen_card';
    return out;
}

export const EVIDENCE = ('access_activity_log billing_address cancellation_policy '
    + 'cancellation_policy_disclosure cancellation_rebuttal customer_communication '
    + 'customer_email_address customer_name customer_purchase_ip customer_signature '
    + 'duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id '
    + 'product_description receipt refund_policy refund_policy_disclosure '
    + 'refund_refusal_explanation service_date service_documentation shipping_address '
    + 'shipping_carrier shipping_date shipping_documentation shipping_tracking_number '
    + 'uncategorized_file uncategorized_text').split(' ');

export function dispute(d) {
    const evidence = Object.fromEntries(EVIDENCE.map((name) => [name, d.evidence[name] ?? d.known?.[name] ?? null]));
    return {
        id: d.id,
        object: 'dispute',
        amount: d.amount,
        balance_transactions: d.movements.map((m) => movement(d, m)),
        charge: d.charge,
        created: d.created,
        currency: d.currency,
        enhanced_eligibility_types: [],
        evidence: { ...evidence, enhanced_evidence: {} },
        evidence_details: {
            due_by: d.due_by,
            enhanced_eligibility: {},
            has_evidence: Object.values(d.evidence).some(Boolean),
            past_due: false,
            submission_count: d.submissions,
        },
        is_charge_refundable: d.inquiry || d.status === 'won',
        livemode: false,
        metadata: d.metadata,
        payment_intent: d.payment_intent,
        payment_method_details: {
            card: { brand: 'visa', case_type: d.inquiry ? 'inquiry' : 'chargeback',
                network: 'visa', network_reason_code: d.inquiry ? '10' : '10.4' },
            type: 'card',
        },
        reason: d.reason,
        status: d.status,
    };
}

function movement(d, m) {
    return {
        id: m.id,
        object: 'balance_transaction',
        amount: m.amount,
        available_on: m.created,
        balance_type: 'payments',
        created: m.created,
        currency: d.currency,
        description: `Chargeback ${m.amount < 0 ? 'withdrawal' : 'reversal'} for ${d.charge}`,
        exchange_rate: null,
        fee: m.fee,
        fee_details: [{ amount: m.fee, application: null, currency: d.currency,
            description: 'Dispute fee', type: 'stripe_fee' }],
        net: m.amount - m.fee,
        reporting_category: m.amount < 0 ? 'dispute' : 'dispute_reversal',
        source: d.id,
        status: 'available',
        type: 'adjustment',
    };
}

// Its secret is told once, in the answer to its making.
export function endpoint(e) {
    return {
        id: e.id,
        object: 'webhook_endpoint',
        api_version: e.api_version,
        application: null,
        created: e.created,
        description: e.description,
        enabled_events: e.enabled_events,
        livemode: false,
        metadata: e.metadata,
        status: e.status,
        url: e.url,
    };
}

export function event(e) {
    return {
        id: e.id,
        object: 'event',
        api_version: API_VERSION,
        created: e.created,
        data: { object: JSON.parse(e.object) },
        livemode: false,
        pending_webhooks: e.pending ? e.left?.length ?? 1 : 0,
        request: { id: e.request_id, idempotency_key: e.idempotency_key },
        type: e.type,
    };
}
