// Fills `${NAME}` and `${NAME:-default}` in a config's strings from the runner's environment, so that
// secrets need not stand in the file. `$${` is a literal `${`.

const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/gu;
const NAMED = /^([A-Za-z_]\w*)(?::-([\s\S]*))?$/u;

/** The text with its references filled, or what is wrong with one. Messages name variables, never values. */
export type Filled =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly what: string; readonly fix: string };

/** True when the text refers to the environment, so that its value does not stand in the file. */
export const hasReference = (text: string): boolean => /(?<!\$)\$\{/u.test(text);

/** Fills all references of `text`. As in a shell, `:-` also applies to a variable that is set but empty. */
export function fillReferences(text: string, environment: NodeJS.ProcessEnv): Filled {
  let fault: { what: string; fix: string } | undefined;
  const filled = text.replaceAll(REFERENCE, (whole, inner: string | undefined) => {
    if (whole === '$${') return '${';
    const named = NAMED.exec(inner ?? '');
    const name = named?.[1];
    if (name === undefined) {
      // The text between the braces is left out: it may be anything, also a secret.
      fault ??= {
        what: 'holds a ${ that is not a reference',
        fix: 'Write ${NAME} or ${NAME:-default}, or $${ for the characters themselves.',
      };
      return '';
    }
    const value = environment[name];
    const fallback = named?.[2];
    if (fallback !== undefined && (value === undefined || value === '')) return fallback;
    if (value !== undefined) return value;
    fault ??= {
      what: `refers to the environment variable ${name}, which is not set`,
      fix: `Set ${name} for the runner, or write \${${name}:-default}.`,
    };
    return '';
  });
  return fault === undefined ? { ok: true, text: filled } : { ok: false, ...fault };
}
