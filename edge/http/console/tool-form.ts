// The arguments of a tool as fields of a form, made of its schema, and read back from one (JSON Schema 2020-12, as far as a form goes: what
// it does not know is written as JSON).
import * as v from 'valibot';
import { el, type ViewElement } from './element.ts';
import type { Parameters } from '../oauth/parameters.ts';

export interface ToolShape {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

const TOOL = v.object({
  name: v.string(),
  description: v.optional(v.string()),
  inputSchema: v.optional(v.record(v.string(), v.unknown()), {}),
});

/** The tools in a result; what is none is left out. */
export const toolShapes = (list: unknown): ToolShape[] =>
  (Array.isArray(list) ? list : []).flatMap((each): ToolShape[] => {
    const read = v.safeParse(TOOL, each);
    return read.success ? [read.output] : [];
  });

interface Argument {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'json';
  readonly choices: readonly string[];
  readonly hint: string | undefined;
  readonly isRequired: boolean;
  readonly preset: unknown;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function argumentsIn({ inputSchema }: ToolShape): Argument[] {
  const properties = isObject(inputSchema['properties']) ? inputSchema['properties'] : {};
  const required = Array.isArray(inputSchema['required']) ? inputSchema['required'] : [];
  return Object.entries(properties).map(([name, schema]) => {
    const { type, enum: choices, description, default: preset } = isObject(schema) ? schema : {};
    const isChoice = Array.isArray(choices) && choices.every((each) => typeof each === 'string');
    return {
      name,
      kind: isChoice ? 'choice' : kindOf(type),
      choices: isChoice ? choices : [],
      hint: typeof description === 'string' ? description : undefined,
      isRequired: required.includes(name),
      preset,
    };
  });
}

function kindOf(type: unknown): Argument['kind'] {
  if (type === 'string') return 'text';
  return type === 'number' || type === 'integer' || type === 'boolean' ? type : 'json';
}

/** A member of the form: the name of an argument may be that of another field. */
const memberOf = (name: string): string => `argument ${name}`;

export function argumentFields(
  tool: ToolShape,
  given: Readonly<Record<string, string>>,
): ViewElement[] {
  return argumentsIn(tool).map((argument, at) => {
    const { name, hint, isRequired, kind } = argument;
    const id = `argument-${at}`;
    return el(
      'div',
      { class: 'field' },
      el('label', { for: id }, name, isRequired ? ' (required)' : ''),
      control(argument, id, Object.hasOwn(given, name) ? given[name] : undefined),
      (hint !== undefined || kind === 'json') &&
        el(
          'p',
          { class: 'hint', id: `${id}-hint` },
          hint ?? 'As JSON.',
          kind === 'json' && hint !== undefined ? ' As JSON.' : '',
        ),
    );
  });
}

function control(
  { name, kind, choices, hint, isRequired, preset }: Argument,
  id: string,
  given: string | undefined,
): ViewElement {
  const described = hint !== undefined || kind === 'json' ? `${id}-hint` : undefined;
  const common = { id, name: memberOf(name), 'aria-describedby': described };
  const text = given ?? presetText(preset);
  switch (kind) {
    case 'boolean':
      return el(
        'select',
        common,
        ...['', 'true', 'false'].map((value) =>
          el('option', { value, selected: value === text }, value === '' ? 'not given' : value),
        ),
      );
    case 'choice':
      return el(
        'select',
        { ...common, required: isRequired },
        ...['', ...choices].map((value) =>
          el('option', { value, selected: value === text }, value === '' ? 'not given' : value),
        ),
      );
    case 'number':
    case 'integer':
      return el('input', {
        ...common,
        type: 'number',
        step: kind === 'integer' ? 1 : 'any',
        required: isRequired,
        value: text,
      });
    case 'text':
      return el(
        'textarea',
        { ...common, class: 'line', rows: 1, required: isRequired, spellcheck: 'false' },
        text,
      );
    case 'json':
      return el(
        'textarea',
        { ...common, rows: 3, required: isRequired, spellcheck: 'false' },
        text,
      );
  }
}

const presetText = (preset: unknown): string =>
  preset === undefined ? '' : typeof preset === 'string' ? preset : JSON.stringify(preset);

export type GivenArguments = (
  | { readonly ok: true; readonly values: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly message: string }
) & {
  /** As they were typed. */
  readonly texts: Readonly<Record<string, string>>;
};

/** The arguments that a form holds. What is empty was not given. */
export function argumentsOf(tool: ToolShape, form: Parameters): GivenArguments {
  const [texts, values] = [new Map<string, string>(), new Map<string, unknown>()];
  const mistakes: string[] = [];
  for (const { name, kind } of argumentsIn(tool)) {
    // Browsers send line breaks as CRLF (HTML, "Constructing the entry list").
    const text = form.get(memberOf(name))?.replaceAll('\r\n', '\n');
    if (text === undefined) continue;
    texts.set(name, text);
    const value = valueOf(kind, text);
    if (value === undefined)
      mistakes.push(`${name} is ${kind === 'json' ? 'no JSON' : 'no number'}`);
    else values.set(name, value.is);
  }
  const typed = { texts: Object.fromEntries(texts) };
  return mistakes.length > 0
    ? { ok: false, message: `${mistakes.join(', ')}. Nothing was called.`, ...typed }
    : { ok: true, values: Object.fromEntries(values), ...typed };
}

function valueOf(kind: Argument['kind'], text: string): { readonly is: unknown } | undefined {
  switch (kind) {
    case 'text':
    case 'choice':
      return { is: text };
    case 'boolean':
      return { is: text === 'true' };
    case 'number':
    case 'integer':
      return Number.isFinite(Number(text)) ? { is: Number(text) } : undefined;
    case 'json':
      try {
        return { is: JSON.parse(text) as unknown };
      } catch {
        return undefined;
      }
  }
}
