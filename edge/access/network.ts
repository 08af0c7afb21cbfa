// The network that an address counts against: an IPv4 address, or the /64 of an IPv6 address, which one person has whole. Pure.

/** Undefined for what is no address. */
export function networkOf(address: string): string | undefined {
  const text = address.toLowerCase().replace(/%.*$/u, '');
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/u.exec(text)?.[1];
  const plain = mapped ?? text;
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/u.test(plain)) return plain;
  if (!/^[0-9a-f:.]{2,45}$/u.test(plain) || !plain.includes(':')) return undefined;
  const [before = '', after] = plain.split('::', 2);
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const [left, right] = [groups(before), groups(after ?? '')];
  const zeros = after === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const whole = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  const network = whole.slice(0, 4).map((group) => group.replace(/^0+(?=.)/u, ''));
  return network.length < 4 ? undefined : `${network.join(':')}::/64`;
}
