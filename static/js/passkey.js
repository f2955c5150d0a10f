// passkey: what the browser's authenticator says goes into a form's hidden fields, and the form is
// sent as any other. Without it the pages offer the other ways.
'use strict';
{
    const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
        .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
    const credentials = (known) => known.map((id) => ({ type: 'public-key', id: toBytes(id) }));

    const ask = async (form) => {
        const answer = await fetch('/api/auth/passkeys/options', {
            method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': form.elements.csrf.value },
            body: JSON.stringify({ purpose: form.dataset.passkey }),
        });
        if (!answer.ok) throw new Error(`options: ${answer.status}`);
        return answer.json();
    };
    const make = async (said) => {
        const made = await navigator.credentials.create({ publicKey: {
            challenge: toBytes(said.challenge), rp: { id: said.rpId, name: said.rpName }, timeout: 300000,
            user: { id: toBytes(said.userId), name: said.userName, displayName: said.displayName },
            pubKeyCredParams: [{ type: 'public-key', alg: -7 }], attestation: 'none',
            excludeCredentials: credentials(said.credentials),
            authenticatorSelection: { residentKey: 'preferred', userVerification: said.userVerification },
        } });
        return { id: made.id, client_data: toText(made.response.clientDataJSON), attestation: toText(made.response.attestationObject) };
    };
    const show = async (said) => {
        const shown = await navigator.credentials.get({ publicKey: {
            challenge: toBytes(said.challenge), rpId: said.rpId, timeout: 300000,
            allowCredentials: credentials(said.credentials), userVerification: said.userVerification,
        } });
        return {
            id: shown.id, client_data: toText(shown.response.clientDataJSON), auth_data: toText(shown.response.authenticatorData),
            signature: toText(shown.response.signature),
            user_handle: shown.response.userHandle ? toText(shown.response.userHandle) : '',
        };
    };

    const has = Boolean(window.PublicKeyCredential);
    for (const none of document.querySelectorAll('[data-no-passkey]')) none.hidden = has;
    for (const form of document.querySelectorAll('form[data-passkey]')) {
        const button = form.querySelector('button'), said = form.querySelector('[data-said]');
        form.hidden = !has;
        form.addEventListener('submit', async (event) => {
            event.preventDefault();
            if (button.getAttribute('aria-busy')) return;
            button.setAttribute('aria-busy', true);
            said.textContent = '';
            try {
                const options = await ask(form);
                const answer = await (form.dataset.passkey === 'add' ? make : show)(options);
                for (const [name, value] of Object.entries(answer)) form.elements[name].value = value;
                form.submit();
            } catch {
                said.textContent = said.dataset.said;
            }
            button.removeAttribute('aria-busy');
        });
    }
}
