// A MaxMind database of one node: the lower and the upper half of all IPv4 addresses, each in a
// country, or (null) known by something else.
export function countries(halves, madeAt = Date.now()) {
    const text = (words) => Buffer.concat([Buffer.from([0x40 | words.length]), Buffer.from(words)]);
    const map = (pairs) => Buffer.concat([Buffer.from([0xe0 | pairs.length]), ...pairs.flatMap(([name, value]) => [text(name), value])]);
    const number = (type, n) => Buffer.from([...type, n >>> 24, n >>> 16, n >>> 8, n]), small = (n) => Buffer.from([0xa1, n]);
    const data = halves.map((code) => map([code ? ['country', map([['iso_code', text(code)]])] : ['asn', text('AS1')]]));
    const said = map([['node_count', number([0xc4], 1)], ['record_size', small(24)], ['ip_version', small(4)], ['database_type', text('Test')], ['languages', Buffer.from([0, 4])],
        ['binary_format_major_version', small(2)], ['binary_format_minor_version', small(0)], ['build_epoch', number([4, 2], madeAt / 1000)], ['description', map([])]]);
    return Buffer.concat([Buffer.from([0, 0, 17, 0, 0, 17 + data[0].length]), Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), said]);
}
