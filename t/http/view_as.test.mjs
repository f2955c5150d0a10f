// The bar of who looks with a customer's eyes, through nginx: on pages that are kept for all too, with
// a button that works without a script, and gone with it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { skip, admin, fields } from './shop.mjs';

test('the bar stands on kept and personal pages, and its button ends it', { skip }, async () => {
    const staff = await admin();
    for (const path of ['/', '/products', '/account', '/cart']) {
        const began = await staff.post('/admin/view-as', { email: 'shopper@example.test', reason: 'a ticket' });
        assert.equal(began.status, 303, began.body);
        const { body } = await staff.get(path);
        assert.match(body, /class="view-as"/, path);
        const { csrf } = fields(body, '/view-as/end');
        assert.ok(csrf && csrf === staff.jar.get('__Host-csrf'), `${path}: the form's token`);
        const bought = await staff.post('/cart/lines', { sku: 'KLU-MET-COPPE-JACK', quantity: 1 });
        assert.equal(bought.status, 403);
        const ended = await staff.post('/view-as/end', { csrf });
        assert.equal(ended.status, 303);
        assert.doesNotMatch((await staff.get(path)).body, /class="view-as"/, path);
    }
    assert.equal((await staff.get('/admin')).status, 200);
});
