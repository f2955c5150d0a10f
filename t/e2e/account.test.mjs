// An account from its first page to its last, and a place in a team likewise: on a telephone, by
// the plain forms, and as the mails lead.
import assert from 'node:assert/strict';
import { mailTo } from '../http/shop.mjs';
import { journey, newcomer, PASSWORD, HOME } from './people.mjs';
import { codeOf, fromBase32 } from './totp.mjs';

const telephone = { width: 390, scripts: false };
const NEW = 'seven quiet lanterns', NEWER = 'nine slow river boats';

// A page that is there, says these words, and is no wider than the telephone.
async function stands(person, path, ...words) {
    await person.opens(path);
    assert.equal(person.status, 200, path);
    await person.sees(...words);
    const wide = await person.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, `${path} is ${wide} px too wide`);
}
async function isKeptOut(person, path) {
    await person.opens(path);
    assert.equal(person.status, 403, `${path} is open to somebody who may not`);
}
// Presses a form's button: the answer to the form itself has this status.
async function sends(person, button, status = 303) {
    const answer = person.page.waitForResponse((got) => got.request().method() === 'POST');
    await person.page.locator('main').getByRole('button', { name: button, exact: true }).first().click();
    assert.equal((await answer).status(), status, `${button} at ${person.address}`);
    await person.page.waitForLoadState();
}
const linkTo = async (email, path) => new RegExp(`(${path}\\?token=[0-9a-f]+)`).exec(await mailTo(email, (text) => text.includes(path)))[1];

journey('ID-01 ID-12 ID-20 ID-21 ID-23 a newcomer has a profile, and an address book that fills in the checkout', async ({ guest }) => {
    const mali = await guest(telephone), who = newcomer();
    await mali.opens('/account/addresses'); // not before logging in
    await mali.isAt(/^\/login\?next=/);
    await stands(mali, '/register', 'Make the account');
    await mali.writes({ ...who, password: 'password' });
    await sends(mali, 'Make the account', 422);
    await mali.registers(who);
    await stands(mali, '/account', who.name, who.email, 'This device');

    await stands(mali, '/account/profile', 'Your profile');
    await mali.writes({ name: '' });
    await sends(mali, 'Save', 422);
    await mali.writes({ name: 'Mali of the Market', phone: HOME.phone });
    await sends(mali, 'Save');
    await mali.sees('Saved.', 'Mali of the Market');

    await stands(mali, '/account/addresses', 'There are none yet.');
    for (const line1 of ['12 Soi Ari 4', '7 Tha Tian Pier']) {
        await stands(mali, '/account/addresses/new', 'Keep this address');
        await mali.writes({ name: who.name, phone: HOME.phone, line1, city: 'Phra Nakhon', region: 'Bangkok', postcode: '10400' });
        await sends(mali, 'Keep this address');
        await mali.isAt('/account/addresses');
        await mali.sees(line1);
    }
    const pier = mali.page.locator('.address').filter({ hasText: '7 Tha Tian Pier' });
    await pier.getByRole('button', { name: 'Use this one' }).click();
    await pier.getByText('used unless you choose another').waitFor();
    await mali.putsInCart('cork-slipmat');
    await mali.goesToCheckout();
    assert.equal(await mali.field('line1').inputValue(), '7 Tha Tian Pier');
    await mali.clicks('12 Soi Ari 4');
    await mali.isAt(/^\/checkout\?address=/);
    assert.equal(await mali.field('line1').inputValue(), '12 Soi Ari 4');
    assert.equal(await mali.field('email').inputValue(), who.email);

    await mali.opens('/account/addresses');
    await pier.getByText('Delete', { exact: false }).first().click();
    await pier.getByRole('button', { name: 'Yes, delete it' }).click();
    await pier.waitFor({ state: 'detached' });
    await mali.sees('12 Soi Ari 4');
});

journey('ID-02 ID-03 ID-19 ID-20 passwords change, are forgotten and found by mail, and end other devices', async ({ guest }) => {
    const mali = await guest(telephone), other = await guest(), who = newcomer();
    await mali.registers(who);
    await other.logsIn(who);
    await stands(mali, '/account/password', 'Change your password');
    await mali.writes({ old: 'not my password', password: NEW });
    await sends(mali, 'Change the password', 422);
    await mali.sees('That is not your password.');
    await mali.writes({ old: PASSWORD, password: NEW });
    await sends(mali, 'Change the password');
    await mali.sees('Your password is changed, and other devices are logged out.');
    await other.opens('/account');
    await other.isAt(/^\/login/);

    await other.triesToLogIn(who); // with the old one
    await other.page.getByRole('alert').first().waitFor();
    await other.isAt('/login');
    await other.logsIn({ ...who, password: NEW });
    await stands(mali, '/account', 'Where you are logged in');
    assert.equal(await mali.page.locator('.device').count(), 2);
    await mali.page.locator('.device').getByRole('button').click();
    await mali.sees('That device is logged out.');
    assert.equal(await mali.page.locator('.device').count(), 1);
    await other.opens('/account');
    await other.isAt(/^\/login/);

    await stands(other, '/password/forgotten', 'Forgotten your password?');
    await other.writes({ email: who.email });
    await sends(other, 'Send the link');
    await other.sees('a mail is on its way');
    const link = await linkTo(who.email, '/password/new');
    await stands(other, link, 'Choose a new password');
    await other.writes({ password: NEWER });
    await sends(other, 'Set the password');
    await other.sees('Your new password is set.');
    await mali.opens('/account');
    await mali.isAt(/^\/login/);
    await other.logsIn({ ...who, password: NEWER });
    await stands(mali, link, 'This link was used before, or is too old.');
});

journey('ID-12 ID-20 an app guards the account until all of it is erased', async ({ guest }) => {
    const mali = await guest(telephone), who = newcomer();
    await mali.registers(who);
    await stands(mali, '/account/security', 'Authenticator app', 'Passkeys');
    await mali.clicks('Set up an app');
    await mali.isAt('/account/security/app');
    const secret = fromBase32(await mali.reads('.secret'));
    await mali.writes({ code: '000000' });
    await sends(mali, 'Turn on', 422);
    assert.deepEqual(fromBase32(await mali.reads('.secret')), secret, 'a wrong code asks to scan again');
    await mali.writes({ code: codeOf(secret) }); // now and later the next: of the one before the time may just be over
    await sends(mali, 'Turn on');
    await mali.sees('Recovery codes', 'They are shown only now.');
    const kept = await mali.page.locator('.codes li').allInnerTexts();
    assert.equal(new Set(kept).size, 10);
    await stands(mali, '/account/security', 'logging in asks for a code', '10 are left.');

    await mali.logsOut();
    await mali.triesToLogIn(who);
    await mali.isAt('/login/second');
    await mali.sees('One more step');
    await mali.opens('/account'); // half in is not in
    await mali.isAt(/^\/login/);
    await mali.triesToLogIn(who);
    await mali.isAt('/login/second');
    await mali.writes({ code: codeOf(secret, 1) });
    await sends(mali, 'Go on');
    await mali.isAt('/account');
    await mali.logsOut();
    await mali.triesToLogIn(who);
    await mali.isAt('/login/second');
    await mali.writes({ code: kept[0] });
    await sends(mali, 'Go on');
    await stands(mali, '/account/security', '9 are left.');

    await stands(mali, '/account/data', 'A copy of your data');
    await stands(mali, '/account/erase', 'It cannot be taken back.');
    await mali.writes({ old: PASSWORD });
    await sends(mali, 'Erase my account', 422); // not sure yet
    await mali.page.check('#sure');
    await mali.writes({ old: PASSWORD });
    await sends(mali, 'Erase my account');
    await mali.sees('Your account and your data are erased.');
    await mali.triesToLogIn(who);
    await mali.page.getByRole('alert').first().waitFor();
    await mali.isAt('/login');
});

journey('AC-03 AC-10 somebody is invited, joins, is given a role, and leaves', async ({ guest, merchant }) => {
    const house = await merchant(), mali = await guest(telephone), who = newcomer('Mali Yim');
    await stands(house, '/admin/team', 'Who works here');
    await house.writes({ email: who.email, role: 'viewer' });
    await sends(house, 'Send the invitation');
    await house.sees('Not answered yet', who.email);
    const link = await linkTo(who.email, '/join');
    await stands(mali, link, 'You are invited', who.email);
    await mali.registers(who);
    await isKeptOut(mali, '/admin/orders');
    await stands(mali, link, 'You are invited');
    await sends(mali, 'Join');
    await mali.isAt('/admin');
    await stands(mali, '/admin/orders', 'Orders');
    await isKeptOut(mali, '/admin/products/new'); // a viewer makes none

    await house.opens('/admin/team');
    const row = house.row(who.email);
    await row.getByRole('combobox').selectOption('member');
    await row.getByRole('button', { name: 'Change' }).click();
    await house.isAt('/admin/team');
    await stands(mali, '/admin/products/new', 'New product');
    await stands(mali, '/admin/team', 'Who works here');
    await mali.unfolds('Leave');
    await sends(mali, 'Yes, leave');
    await mali.isAt('/account');
    await isKeptOut(mali, '/admin/orders');
    await house.opens('/admin/team');
    assert.equal(await house.row(who.email).count(), 0);
});
