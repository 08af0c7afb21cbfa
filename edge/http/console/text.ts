// A view as plain text, for terminals: it says what the page says. Controls of forms are left out; what they do, commands do.
import { blankSteering } from '../../../shared/steering.ts';
import type { ViewChild, ViewElement } from './element.ts';

/** Begin a line of their own. */
const BLOCKS: ReadonlySet<string> = new Set([
  'article',
  'dd',
  'details',
  'div',
  'dl',
  'dt',
  'footer',
  'header',
  'h1',
  'h2',
  'h3',
  'li',
  'main',
  'ol',
  'p',
  'pre',
  'section',
  'summary',
  'table',
  'tbody',
  'thead',
  'tr',
  'ul',
]);

/** Say nothing in a terminal. */
const SILENT: ReadonlySet<string> = new Set([
  'button',
  'form',
  'input',
  'label',
  'nav',
  'script',
  'select',
  'style',
  'svg',
  'textarea',
  'img',
]);

/** A blank line stands before these. */
const APART: ReadonlySet<string> = new Set([
  'article',
  'h1',
  'h2',
  'h3',
  'section',
  'table',
  'details',
]);

const ITEM = '- ';

export function plainTextOf(view: ViewElement): string {
  const writer = new Writer();
  writer.child(view);
  return writer.text;
}

class Writer {
  #lines: string[] = [];
  #line = '';

  get text(): string {
    this.#break();
    const text = this.#lines
      .join('\n')
      .replaceAll(/\n{3,}/gu, '\n\n')
      .trim();
    return `${text}\n`;
  }

  child(child: ViewChild): void {
    if (child === false || child === undefined) return;
    if (typeof child !== 'object') this.#line += blankSteering(String(child));
    else if ('tag' in child) this.#element(child);
    else for (const each of child) this.child(each);
  }

  #element({ tag, attributes, children }: ViewElement): void {
    if (SILENT.has(tag) || attributes['data-text'] === 'none') return;
    const isBlock = BLOCKS.has(tag);
    if (isBlock) this.#break();
    if (APART.has(tag)) this.#lines.push('');
    if (tag === 'li') this.#line += ITEM;
    if (tag === 'dd') this.#line += '  ';
    for (const child of children) {
      const isCell = typeof child === 'object' && 'tag' in child && /^t[dh]$/u.test(child.tag);
      if (isCell && this.#line !== '') this.#line += '  ';
      this.child(child);
    }
    if (isBlock) this.#break();
  }

  #break(): void {
    // The mark of an item stands before its first words.
    if (this.#line === ITEM) return;
    if (this.#line.trim() !== '') this.#lines.push(this.#line.trimEnd());
    this.#line = '';
  }
}
