// What a page of the console consists of, as plain values. They become HTML on the server (markup.ts), text for terminals (text.ts), and a
// living page in the browser (island/main.ts): what is shown is said once.

export type ViewChild = ViewElement | string | number | false | undefined | readonly ViewChild[];

export type ViewAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ViewElement {
  readonly tag: string;
  readonly attributes: ViewAttributes;
  readonly children: readonly ViewChild[];
}

/** An element. `key` among its attributes names it among its siblings. */
export const el = (
  tag: string,
  attributes: ViewAttributes,
  ...children: readonly ViewChild[]
): ViewElement => ({ tag, attributes, children });
