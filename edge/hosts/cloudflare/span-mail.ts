// Sends spans to a collector by OTLP over HTTP, some seconds' worth at a time, beside what a worker answers. Cloudflare's own traces are no
// way: they take no context from a client and give none to a runner.
import { waitUntil } from 'cloudflare:workers';
import { OneWait } from '../../core/one-wait.ts';
import { EDGE_RESOURCE, type TraceSettings } from '../../trace-settings.ts';
import { traceRequest } from '../../../shared/otlp-json.ts';
import type { TraceSpan } from '../../../shared/tracing.ts';

const COLLECT_MS = 2_000;

/** More than that is told at once. */
const MOST_SPANS = 256;

const TIMEOUT_MS = 10_000;

/** A collector that does not answer loses what comes then. */
const MOST_UNDER_WAY = 4;

export class SpanMail {
  readonly #settings: TraceSettings;
  readonly #network: Fetcher | undefined;
  #spans: TraceSpan[] = [];
  readonly #wait = new OneWait();
  /** When each request to the collector is over at the latest: of one that was cut off, nobody hears. */
  #underWay: readonly number[] = [];

  /** `network`: in which the collector is; absent: the public internet. */
  constructor(settings: TraceSettings, network: Fetcher | undefined) {
    this.#settings = settings;
    this.#network = network;
  }

  add(span: TraceSpan): void {
    this.#spans.push(span);
    if (this.#spans.length >= MOST_SPANS) waitUntil(this.#flush());
    else if (this.#wait.begins(COLLECT_MS, Date.now())) waitUntil(this.#later());
  }

  async #later(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, COLLECT_MS));
    this.#wait.ended();
    await this.#flush();
  }

  /** Traces are a sample: what a collector does not take is lost. */
  async #flush(): Promise<void> {
    const spans = this.#spans;
    this.#spans = [];
    const until = Date.now() + TIMEOUT_MS;
    const underWay = this.#underWay.filter((each) => each > Date.now());
    if (spans.length === 0 || underWay.length >= MOST_UNDER_WAY) return;
    this.#underWay = [...underWay, until];
    const { endpoint, headers } = this.#settings;
    const request = new Request(endpoint, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: traceRequest(spans, EDGE_RESOURCE),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const asked = this.#network ? this.#network.fetch(request) : fetch(request);
    const response = await asked.catch(() => undefined);
    await response?.body?.cancel().catch(() => undefined);
    const at = this.#underWay.indexOf(until);
    if (at !== -1) this.#underWay = this.#underWay.toSpliced(at, 1);
  }
}
