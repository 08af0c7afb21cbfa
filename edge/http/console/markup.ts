// A view as HTML, by hono/jsx, which escapes every text and attribute.
import { jsx, type JSXNode } from 'hono/jsx';
import type { ViewChild, ViewElement } from './element.ts';

type Node = Parameters<typeof jsx>[2];

/** It has no asynchronous parts, so its text is ready at once. */
export const markupOf = (element: ViewElement): string => String(nodeOf(element));

const nodeOf = ({ tag, attributes, children }: ViewElement): JSXNode =>
  jsx(tag, { ...attributes }, ...nodesOf(children));

/** What is false or undefined is left out. */
const nodesOf = (children: readonly ViewChild[]): Node[] =>
  children.flatMap((child): readonly Node[] => {
    if (child === false || child === undefined) return [];
    if (typeof child !== 'object') return [String(child)];
    return 'tag' in child ? [nodeOf(child)] : nodesOf(child);
  });
