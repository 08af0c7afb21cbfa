// A fixture that is served for the suite.

export interface Served {
  readonly url: URL;
  stop(): Promise<void>;
}
