// An authenticator in software, for what a real one never does: keys of P-256, CBOR as one asks
// for it, and every part of an answer may be another.
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
export const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const u16 = (n) => Buffer.from([n >> 8, n & 255]);
const u32 = (n) => { const out = Buffer.alloc(4); out.writeUInt32BE(n); return out; };
const text = (words) => Buffer.concat([Buffer.from([0x60 + words.length]), Buffer.from(words)]);
const bytes = (raw) => Buffer.concat([raw.length < 256 ? Buffer.from([0x58, raw.length]) : Buffer.concat([Buffer.from([0x59]), u16(raw.length)]), raw]);

export class Authenticator {
    constructor(origin) {
        this.origin = origin;
        this.rpId = new URL(origin).hostname;
        this.id = randomBytes(24);
        this.count = 0;
        const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        this.privateKey = privateKey;
        const { x, y } = publicKey.export({ format: 'jwk' });
        this.x = Buffer.from(x, 'base64url');
        this.y = Buffer.from(y, 'base64url');
    }
    // What is not said is right.
    clientData(type, challenge, { origin = this.origin, ...more }) {
        return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false, ...more }));
    }
    authData({ rpId = this.rpId, flags = 0x05, count = this.count, credential = Buffer.alloc(0) }) {
        return Buffer.concat([sha256(rpId), Buffer.from([flags]), u32(count), credential]);
    }
    coseKey(alg) {
        const point = [Buffer.from([0x20, 0x01, 0x21]), bytes(this.x), Buffer.from([0x22]), bytes(this.y)];
        return Buffer.concat([Buffer.from([0xa5, 0x01, 0x02, 0x03]), alg === -7 ? Buffer.from([0x26]) : Buffer.from([0x39, 0x01, 0x00]), ...point]);
    }
    create(challenge, { client = {}, flags = 0x45, alg = -7, cut = 0, type = 'webauthn.create', ...data } = {}) {
        const credential = Buffer.concat([Buffer.alloc(16), u16(this.id.length), this.id, this.coseKey(alg)]);
        const raw = Buffer.concat([Buffer.from([0xa3]), text('fmt'), text('none'), text('attStmt'), Buffer.from([0xa0]),
            text('authData'), bytes(this.authData({ flags, credential, ...data }))]);
        return { id: b64(this.id), client_data: b64(this.clientData(type, challenge, client)), attestation: b64(raw.subarray(0, raw.length - cut)) };
    }
    get(challenge, { client = {}, type = 'webauthn.get', cut = 0, id = this.id, signed, handle = '', ...data } = {}) {
        if (data.count === undefined) data.count = ++this.count;
        const auth = this.authData(data), said = this.clientData(type, challenge, client);
        const signature = createSign('SHA256').update(Buffer.concat([auth, sha256(said)])).sign(signed ?? this.privateKey);
        return { id: b64(id), client_data: b64(said), auth_data: b64(auth.subarray(0, auth.length - cut)), signature: b64(signature), user_handle: handle };
    }
}
