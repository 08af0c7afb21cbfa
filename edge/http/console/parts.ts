// Pieces that several pages of the console have.
import { el, type ViewAttributes, type ViewChild, type ViewElement } from './element.ts';
import { durationInWords } from '../../core/state-words.ts';

/** A time of the day in UTC, with the whole of it for machines and for a pointer that rests on it. */
export function clock(ms: number): ViewElement {
  const iso = new Date(ms).toISOString();
  return el('time', { datetime: iso, title: iso }, iso.slice(11, 19));
}

/** How long ago something was. */
export const ago = (ms: number, now: number): ViewElement =>
  el(
    'time',
    { datetime: new Date(ms).toISOString(), title: new Date(ms).toISOString() },
    `${durationInWords(Math.max(0, now - ms))} ago`,
  );

export const badge = (kind: 'good' | 'bad' | 'warn' | 'plain', text: string): ViewElement =>
  el('span', { class: `badge ${kind}` }, text);

/** A sentence of ours, in which what stands between backticks is code. */
export const words = (text: string): ViewChild =>
  text.split('`').map((part, at) => (at % 2 === 1 ? el('code', {}, part) : part));

/** A part of a page under a heading of its own, by which it is known to who cannot see it. */
export const panel = (id: string, title: string, ...children: readonly ViewChild[]): ViewElement =>
  el('section', { class: 'panel', 'aria-labelledby': id }, el('h2', { id }, title), ...children);

/** Text as it stands. It may scroll, so it can be reached by keyboard. */
export const textBlock = (label: string, text: ViewChild): ViewElement =>
  el('pre', { tabindex: 0, role: 'region', 'aria-label': label }, text);

/** Text to copy, with a button that does it where scripts run. */
export const copyable = (text: string, label: string): ViewElement =>
  el(
    'div',
    { class: 'copyable' },
    textBlock(label, el('code', {}, text)),
    el(
      'button',
      { type: 'button', class: 'copy', 'data-copy': text, 'aria-label': `Copy: ${label}` },
      'Copy',
    ),
  );

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ViewChild;
  readonly class?: string | undefined;
}

/** A table that a narrow screen shows as cards; each cell has the title of its column for that. `false`: a column that is not for who looks. */
export function tableOf<Row>(
  label: string,
  offered: readonly (Column<Row> | false)[],
  rows: readonly { readonly key: string; readonly row: Row }[],
): ViewElement {
  const columns = offered.filter((column) => column !== false);
  return el(
    'table',
    { class: 'cards', 'aria-label': label },
    el('thead', {}, el('tr', {}, ...columns.map(({ title }) => el('th', { scope: 'col' }, title)))),
    el(
      'tbody',
      {},
      ...rows.map(({ key, row }) =>
        el(
          'tr',
          { key },
          ...columns.map(({ title, cell, class: name }) =>
            el('td', { 'data-title': title, class: name }, cell(row)),
          ),
        ),
      ),
    ),
  );
}

/** A form with one button, for what cannot be taken back. */
export const actionForm = (
  action: string,
  fields: Readonly<Record<string, string>>,
  label: string,
  attributes: ViewAttributes = {},
): ViewElement =>
  el(
    'form',
    { method: 'post', action: `/-/${action}`, class: 'action' },
    ...Object.entries(fields).map(([name, value]) => el('input', { type: 'hidden', name, value })),
    el('button', { class: 'small', ...attributes }, label),
  );

export const heading = (text: string, note?: string): ViewElement =>
  el(
    'div',
    { class: 'heading' },
    el('h1', {}, text),
    note !== undefined && el('p', { class: 'hint' }, words(note)),
  );

export const empty = (text: string): ViewElement => el('p', { class: 'empty' }, text);

export const field = (
  label: string,
  attributes: ViewAttributes & { readonly id: string; readonly name: string },
  hint?: string,
): ViewElement =>
  el(
    'div',
    { class: 'field' },
    el('label', { for: attributes.id }, label),
    el('input', attributes),
    hint !== undefined && el('p', { class: 'hint' }, words(hint)),
  );
