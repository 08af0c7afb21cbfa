// The script of the console's pages: it takes over the part that lives, feeds it from the stream, and copies what a button says. It is
// bundled into ../island-script.ts (`npm run console`); without it every page can be read and every form sent.
import { h, render, type VNode } from 'preact';
import type { ViewChild, ViewElement } from '../element.ts';
import type { ConsoleFacts, ConsolePage, LiveModel } from '../facts.ts';
import { LIVE_VIEWS } from '../live-views.ts';
import type { KeptLine } from '../../../core/record.ts';

/** Lines that a page keeps; older ones are let go. */
const KEPT_LINES = 200;

/** What is shown in seconds changes each second. */
const TICK_MS = 1_000;

/** No more often is the page drawn, however much comes. */
const DRAW_MS = 100;

const vnode = ({ tag, attributes, children }: ViewElement): VNode =>
  h(tag, { ...attributes }, ...nodes(children));

const nodes = (children: readonly ViewChild[]): (VNode | string)[] =>
  children.flatMap((child): (VNode | string)[] => {
    if (child === false || child === undefined) return [];
    if (typeof child !== 'object') return [String(child)];
    return 'tag' in child ? [vnode(child)] : nodes(child);
  });

function live(root: HTMLElement, data: string): void {
  const view = LIVE_VIEWS[document.body.dataset['page'] as ConsolePage];
  if (!view) return;
  let model = JSON.parse(data) as LiveModel;
  let waiting: KeptLine[] = [];
  // The clock of this machine may be another than the edge's.
  let ahead = Date.now() - model.now;
  let isDue = false;
  const draw = (): void => {
    isDue = false;
    model = { ...model, now: Date.now() - ahead };
    render(vnode(view(model)), root);
  };
  const soon = (): void => {
    if (!isDue) setTimeout(draw, DRAW_MS);
    isDue = true;
  };
  // To go on from.
  let seen = '';
  let source: EventSource | undefined;
  const tookFacts = ({ data, lastEventId }: MessageEvent<string>): void => {
    seen = lastEventId;
    const facts = JSON.parse(data) as ConsoleFacts;
    ahead = Date.now() - facts.at;
    model = { ...model, facts, isLive: true };
    soon();
  };
  const tookLines = ({ data, lastEventId }: MessageEvent<string>): void => {
    seen = lastEventId;
    waiting = [...waiting, ...(JSON.parse(data) as KeptLine[])].slice(-KEPT_LINES);
    if (model.isPaused) return;
    model = { ...model, lines: [...model.lines, ...waiting].slice(-KEPT_LINES) };
    waiting = [];
    soon();
  };
  /** Nobody looks at a page that is hidden, and each look of its stream costs the edge a request. */
  const listen = (): void => {
    source?.close();
    source = undefined;
    if (document.hidden) return;
    const url = root.dataset['stream'] ?? '';
    const opened = new EventSource(seen === '' ? url : url.replace(/after=\d*$/u, `after=${seen}`));
    source = opened;
    opened.addEventListener('facts', tookFacts);
    opened.addEventListener('lines', tookLines);
    opened.addEventListener('error', () => {
      // While it comes back by itself, nothing is lost. If it was refused, the sign-in is over.
      if (opened.readyState === EventSource.CLOSED) model = { ...model, isLive: false };
      soon();
    });
  };
  document.addEventListener('visibilitychange', listen);
  listen();
  root.addEventListener('click', (event) => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset['act'] !== 'pause') return;
    model = { ...model, isPaused: !model.isPaused };
    if (!model.isPaused)
      model = { ...model, lines: [...model.lines, ...waiting].slice(-KEPT_LINES) };
    if (!model.isPaused) waiting = [];
    draw();
  });
  setInterval(() => document.hidden || draw(), TICK_MS);
  draw();
}

const SAID_MS = 1_500;

document.addEventListener('click', (event) => {
  const button = event.target instanceof HTMLElement ? event.target.closest('[data-copy]') : null;
  if (!(button instanceof HTMLElement)) return;
  const before = button.textContent;
  void navigator.clipboard.writeText(button.dataset['copy'] ?? '').then(() => {
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = before;
    }, SAID_MS);
  });
});

const root = document.getElementById('live');
const data = document.getElementById('model');
if (root && data) live(root, data.textContent);
