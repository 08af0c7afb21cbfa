// The trail of each sign-in: its steps, and the first that is missing with what that means.
import { el, type ViewElement } from './element.ts';
import type { LiveModel } from './facts.ts';
import { ago, badge, empty, heading } from './parts.ts';
import { missingStep, STEP_WORDS, TRAIL_STEPS, type Trail } from '../../core/sign-in-trail.ts';

export const signInsView = ({ facts: { trails }, now }: LiveModel): ViewElement =>
  el(
    'div',
    { class: 'page' },
    heading('Sign-ins', 'How far each app came, the newest first. They are kept in memory only.'),
    trails.length === 0
      ? empty('No app has tried to sign in of late.')
      : el('div', { class: 'grid' }, ...trails.map((trail) => trailView(trail, now))),
  );

function trailView(trail: Trail, now: number): ViewElement {
  const { key, app, server, person, steps, at } = trail;
  const missing = missingStep(trail);
  const last = TRAIL_STEPS.findLastIndex((step) => steps[step] !== undefined);
  return el(
    'section',
    { class: 'panel', key },
    el('h2', {}, app ?? 'An app without a name'),
    el(
      'p',
      {},
      missing === undefined ? badge('good', 'signed in') : badge('warn', 'not finished'),
      ' ',
      server !== undefined && `for ${server} `,
      person !== undefined && `by ${person} `,
      ago(at, now),
    ),
    el(
      'ol',
      { class: 'steps' },
      ...TRAIL_STEPS.slice(0, last + 1).map((step) =>
        el('li', { key: step }, STEP_WORDS[step].done),
      ),
      missing !== undefined &&
        el('li', { class: 'missing', key: missing }, STEP_WORDS[missing].missing),
    ),
  );
}
