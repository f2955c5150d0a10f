// Second factors as people meet them: Chromium's own virtual authenticator, and all of it that
// needs no script, without one.
import assert from 'node:assert/strict';
import { journey, newcomer, PASSWORD } from './people.mjs';
import { codeOf, fromBase32 } from './totp.mjs';

const HAS = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
async function authenticator(person, how = {}) {
    const cdp = await person.page.context().newCDPSession(person.page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { ...HAS, ...how } });
    return {
        known: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
        verifies: (isUserVerified) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
        forgets: () => cdp.send('WebAuthn.clearCredentials', { authenticatorId }),
    };
}
async function logsOut(person) {
    await person.opens('/account');
    await person.clicks('Log out');
    await person.isAt('/');
}
async function addsPasskey(person, name) {
    await person.opens('/account/security');
    await person.page.fill('#passkey-name', name);
    await person.clicks('Add a passkey');
}

journey('ID-15 a passkey is added and logs in without a password', async ({ guest }) => {
    const mali = await guest({ width: 390 }), key = await authenticator(mali), who = newcomer();
    await mali.registers(who);
    await addsPasskey(mali, 'My telephone');
    await mali.sees('Recovery codes', 'They are shown only now.');
    assert.equal(await mali.page.locator('.codes li').count(), 10);
    await mali.clicks('I have kept them');
    await mali.sees('My telephone', '10 are left.');
    const [credential] = await key.known();
    assert.equal(credential.isResidentCredential, true);
    assert.equal(credential.rpId, 'localhost');

    await logsOut(mali);
    await mali.opens('/login?next=/orders');
    await mali.clicks('Log in with a passkey');
    await mali.isAt('/orders');
    await mali.opens('/account');
    await mali.sees(who.email);
});

journey('ID-15 after the password a passkey is the second step', async ({ guest }) => {
    const mali = await guest(), who = newcomer();
    await authenticator(mali);
    await mali.registers(who);
    await addsPasskey(mali, 'Key');
    await mali.clicks('I have kept them');
    await logsOut(mali);
    await mali.triesToLogIn({ ...who, password: PASSWORD });
    await mali.isAt('/login/second');
    await mali.clicks('Use a passkey');
    await mali.isAt('/account');
});

journey('ID-15 who is not verified, or has forgotten it, is told so and has other ways', async ({ guest }) => {
    const mali = await guest({ width: 390 }), key = await authenticator(mali), who = newcomer();
    await mali.registers(who);
    await addsPasskey(mali, 'Key');
    const code = (await mali.reads('.codes li')).trim();
    await logsOut(mali);
    await mali.opens('/login');
    await key.verifies(false);
    await mali.clicks('Log in with a passkey');
    await mali.sees('That did not work.');
    await mali.isAt('/login');
    await key.verifies(true);
    await key.forgets();
    await mali.triesToLogIn({ ...who, password: PASSWORD });
    await mali.isAt('/login/second');
    await mali.clicks('Use a passkey');
    await mali.sees('That did not work.');
    await mali.writes({ code });
    await mali.clicks('Go on');
    await mali.isAt('/account');
    await mali.opens('/account/security');
    await mali.sees('9 are left.');
});

for (const lang of ['en', 'th'])
    journey(`ID-12 an app is set up and asked for without any script (${lang})`, async ({ guest }) => {
        const at = lang === 'en' ? '' : `/${lang}`, mali = await guest({ scripts: false, width: 390 }), who = newcomer();
        await mali.registers(who);
        await mali.opens(`${at}/account/security/app`);
        assert.ok((await mali.page.locator('svg.qr path').getAttribute('d')).length > 1000);
        const secret = fromBase32(await mali.reads('.secret'));
        await mali.writes({ code: codeOf(secret) }); // now and later the next: of the one before the time may just be over
        await mali.page.click('main form button');
        assert.equal(await mali.page.locator('.codes li').count(), 10);
        await mali.page.click('main .form-end .button');
        await mali.isAt(`${at}/account/security`);
        await mali.page.context().clearCookies();
        await mali.opens(`${at}/login`);
        await mali.writes({ email: who.email, password: PASSWORD });
        await mali.page.locator('main form').first().getByRole('button').click();
        await mali.isAt(`${at}/login/second`);
        await mali.writes({ code: '000000' });
        await mali.page.click('main .form-end button:visible');
        assert.equal(await mali.page.locator('#code').getAttribute('aria-invalid'), 'true');
        await mali.writes({ code: codeOf(secret, 1) });
        await mali.page.click('main .form-end button:visible');
        await mali.isAt(`${at}/account`);
    });
