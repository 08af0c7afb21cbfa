// Headers that never change, so that a host may make their bytes once. They are checked where they are made; nothing else is constant.

const constants = new WeakSet<object>();

/** RFC 9110 §5.6.2 and §5.5, without what is no ASCII. */
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/u;
const VALUE = /^(?:[!-~](?:[\t -~]*[!-~])?)?$/u;

/** A host writes these itself. */
const OF_HOSTS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'set-cookie',
  'transfer-encoding',
]);

/** A copy that nobody can change. Throws for what is no header, or is one that differs from answer to answer. */
export function constantHeaders(
  fields: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const headers = Object.freeze({ ...fields });
  const names = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!NAME.test(name) || !VALUE.test(value) || OF_HOSTS.has(lower) || names.has(lower))
      throw new TypeError(`${JSON.stringify(name)} is no constant header`);
    names.add(lower);
  }
  constants.add(headers);
  return headers;
}

/** Whether {@link constantHeaders} has made them. */
export const areConstant = (headers: object): boolean => constants.has(headers);
