// A fetch that remembers what was asked and answered, and which SSE responses are still open.

export interface RecordedExchange {
  readonly method: string;
  readonly lastEventId: string | null;
  readonly status: number;
}

export interface RecordedFetch {
  readonly fetch: typeof fetch;
  readonly exchanges: readonly RecordedExchange[];
  /** SSE responses to requests of this method whose body has not ended. */
  open(method: string): number;
}

export function recordFetch(): RecordedFetch {
  const exchanges: RecordedExchange[] = [];
  const open: string[] = [];
  const recorded: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const method = init?.method ?? 'GET';
    const { status, statusText, headers } = response;
    const lastEventId = new Headers(init?.headers).get('last-event-id');
    exchanges.push({ method, lastEventId, status });
    if (!response.body || headers.get('content-type') !== 'text/event-stream') return response;
    open.push(method);
    const close = (): void => void open.splice(open.indexOf(method), 1);
    const body = response.body.pipeThrough(new TransformStream({ flush: close, cancel: close }));
    return new Response(body, { status, statusText, headers });
  };
  return {
    fetch: recorded,
    exchanges,
    open: (wanted) => open.filter((method) => method === wanted).length,
  };
}
