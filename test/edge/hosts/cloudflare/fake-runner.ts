// A runner that a test plays by hand: it dials over the real upgrade routes and speaks the link protocol, without processes.
import { exports } from 'cloudflare:workers';

import { RUNNER_A } from '../../../fixtures/edge-settings.ts';
import { Frames, type Arrived } from './frames.ts';

export const EDGE = 'http://edge.test';
export const SUBPROTOCOL = 'mcp-bridge.v2';

interface Credential {
  readonly name: string;
  readonly token: string;
}

/** A dial with these headers, which win over the usual ones; an empty one is left out. */
export function dial(
  path: string,
  { token }: { token: string },
  headers: Record<string, string> = {},
): Promise<Response> {
  const all = new Headers({
    Upgrade: 'websocket',
    Authorization: `Bearer ${token}`,
    'Sec-WebSocket-Protocol': SUBPROTOCOL,
  });
  for (const [name, value] of Object.entries(headers)) {
    if (value === '') all.delete(name);
    else all.set(name, value);
  }
  return exports.default.fetch(new Request(`${EDGE}${path}`, { headers: all }));
}

export function framesOf(response: Response): Frames {
  if (!response.webSocket) throw new Error(`no socket but status ${response.status}`);
  return new Frames(response.webSocket);
}

/** A name as boots and sessions have it: 22 characters. */
export const bootId = (letter: string): string => letter.repeat(22);

export class FakeRunner {
  readonly credential: Credential;
  readonly boot: string;
  readonly control: Frames;

  private constructor(credential: Credential, boot: string, control: Frames) {
    this.credential = credential;
    this.boot = boot;
    this.control = control;
  }

  /** Dials the control link and says hello; resolves once it is welcome. */
  static async start(
    options: {
      credential?: Credential;
      boot?: string;
      servers?: readonly string[];
      sessions?: readonly string[];
      capacity?: number;
    } = {},
  ): Promise<FakeRunner> {
    const { credential = RUNNER_A, boot = bootId('b') } = options;
    const control = framesOf(await dial('/runner/link', credential));
    const runner = new FakeRunner(credential, boot, control);
    const { servers = ['files'], sessions = [], capacity = 10 } = options;
    control.send({ type: 'hello', runner: credential.name, boot, servers, capacity, sessions });
    await control.next('welcome');
    return runner;
  }

  /** Takes the next session the edge opens: dials its link. */
  async take(): Promise<FakeSession> {
    return FakeSession.dial(this, await this.control.next('open'));
  }
}

export class FakeSession {
  readonly runner: FakeRunner;
  readonly open: Arrived;
  link: Frames;
  #epoch = 1;

  private constructor(runner: FakeRunner, open: Arrived, link: Frames) {
    this.runner = runner;
    this.open = open;
    this.link = link;
  }

  static async dial(runner: FakeRunner, open: Arrived): Promise<FakeSession> {
    const session = new FakeSession(runner, open, framesOf(await dialSession(runner, open, 1)));
    await session.link.next('welcome');
    return session;
  }

  get name(): string {
    return String(this.open['session']);
  }

  /** Dials again, with a higher epoch, and tells what it holds of frames; resolves with the edge's welcome. */
  async relink(holds?: readonly object[]): Promise<Arrived> {
    this.#epoch += 1;
    this.link = framesOf(await dialSession(this.runner, this.open, this.#epoch, holds));
    return this.link.next('welcome');
  }

  /** A dial beside the live one; nobody reads its socket yet. */
  dialBeside(epoch: number): Promise<Response> {
    return dialSession(this.runner, this.open, epoch);
  }

  /** Sends an event of a stream. */
  event(stream: unknown, seq: number, message: object | undefined, final = false): void {
    const header = { type: 'event', stream, seq, ...(final && { final }) };
    this.link.send(header, message && JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  /** Sends notifications of a stream in one frame. */
  events(stream: unknown, seq: number, methods: readonly string[]): void {
    const messages = methods.map((method) => JSON.stringify({ jsonrpc: '2.0', method }));
    this.link.send({ type: 'event', stream, seq, count: methods.length }, messages.join('\n'));
  }

  /** Answers the next post with its whole result; tells the post. */
  async answer(result: object): Promise<Arrived> {
    const post = await this.link.next('post');
    const { id } = JSON.parse(post.message ?? 'null');
    this.event(post['stream'], 1, { id, result }, true);
    return post;
  }

  /** Accepts the next post. */
  async accept(): Promise<Arrived> {
    const post = await this.link.next('post');
    this.link.send({ type: 'accepted', id: post['id'] });
    return post;
  }

  /** Grants the next attach, from where it asks or else from `from`; tells it. */
  async attach(from = 0): Promise<Arrived> {
    const attach = await this.link.next('attach');
    this.link.send({ type: 'attached', stream: attach['stream'], after: attach['after'] ?? from });
    return attach;
  }
}

function dialSession(
  runner: FakeRunner,
  open: Arrived,
  epoch: number,
  holds?: readonly object[],
): Promise<Response> {
  return dial(`/runner/session/${String(open['session'])}`, runner.credential, {
    'mcp-bridge-ticket': String(open['ticket']),
    'mcp-bridge-boot': runner.boot,
    'mcp-bridge-epoch': String(epoch),
    ...(holds && { 'mcp-bridge-holds': JSON.stringify(holds) }),
  });
}
