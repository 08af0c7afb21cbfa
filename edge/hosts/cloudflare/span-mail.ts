// Sends spans to a collector by OTLP over HTTP, some seconds' worth at a time, beside what a worker answers. Cloudflare's own traces are no
// way: they take no context from a client and give none to a runner.
import { waitUntil } from 'cloudflare:workers';
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
  #isCollecting = false;
  #underWay = 0;

  /** `network`: in which the collector is; absent: the public internet. */
  constructor(settings: TraceSettings, network: Fetcher | undefined) {
    this.#settings = settings;
    this.#network = network;
  }

  add(span: TraceSpan): void {
    this.#spans.push(span);
    if (this.#spans.length >= MOST_SPANS) waitUntil(this.#flush());
    else if (!this.#isCollecting) {
      this.#isCollecting = true;
      waitUntil(this.#later());
    }
  }

  async #later(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, COLLECT_MS));
    this.#isCollecting = false;
    await this.#flush();
  }

  /** Traces are a sample: what a collector does not take is lost. */
  async #flush(): Promise<void> {
    const spans = this.#spans;
    this.#spans = [];
    if (spans.length === 0 || this.#underWay >= MOST_UNDER_WAY) return;
    this.#underWay += 1;
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
    this.#underWay -= 1;
  }
}
