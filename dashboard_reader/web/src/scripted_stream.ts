// A stream over scripted sockets, for its tests: what the server would send, and what it is asked.
import type { Refusal } from './access';
import { Backoff } from './backoff';
import { embedding_event, run_message } from './build_messages';
import { Model } from './model';
import { Stream, type Socket } from './stream';

export const A = '00000000000000aa';
export const kHello = '{"type":"hello","protocol":1,"server":"ringside/test"}';
export const kLive = '{"type":"live"}';

export class ScriptedSocket implements Socket {
  binaryType: BinaryType = 'blob';
  onopen: ((event: Event) => unknown) | null = null;
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  onclose: ((event: CloseEvent) => unknown) | null = null;
  closed = false;

  constructor(readonly url: string) {}

  close(): void {
    this.closed = true;
  }

  open(...messages: (string | ArrayBuffer)[]): void {
    this.onopen?.({} as Event);
    this.say(...messages);
  }

  say(...messages: (string | ArrayBuffer)[]): void {
    for (const data of messages) this.onmessage?.({ data } as MessageEvent);
  }

  end(code: number): void {
    this.onclose?.({ code, reason: '' } as CloseEvent);
  }
}

export function segment(
  from: number,
  window: { oldest?: number; next?: number; epoch?: string } = {},
): string {
  const { oldest = 0, next = 1000, epoch = A } = window;
  const name = { channel: 'embedding', producer: 'knn' };
  return JSON.stringify({ type: 'segment', epoch, ...name, oldest, next, from });
}

export function beat(...segments: object[]): string {
  const now_ns = '1795478400000000000';
  return JSON.stringify({ type: 'beat', now_ns, full: segments.length > 0, segments });
}

export function ended(epoch = A): string {
  return JSON.stringify({ type: 'ended', epoch, channel: 'embedding', producer: 'knn' });
}

export function gap(from: number, to: number, reason = 'overwritten'): string {
  return JSON.stringify({ type: 'gap', epoch: A, from, to, reason });
}

export function run(first: number, count: number): ArrayBuffer {
  const events = Array.from({ length: count }, (_, i) =>
    embedding_event({ x: first + i }, { cycle: 1n, index: first + i, total: 1000 }),
  );
  return run_message(A, first, events);
}

/** A model behind a stream, and the sockets that the stream has opened, the newest last. */
export class ScriptedStream {
  readonly sockets: ScriptedSocket[] = [];
  readonly model = new Model();
  /** Addresses that were asked why, and what each answers; without one, nobody does. */
  readonly asked: string[] = [];
  refusal: Refusal | undefined;

  last(): ScriptedSocket {
    return this.sockets[this.sockets.length - 1]!;
  }

  new_stream(token = '', base = 'http://host:8765/'): Stream {
    return new Stream({
      base,
      token,
      model: this.model,
      changed: () => {},
      open_socket: (url) => {
        this.sockets.push(new ScriptedSocket(url));
        return this.last();
      },
      ask: async (url) => {
        this.asked.push(url);
        if (this.refusal === undefined) throw new TypeError('Failed to fetch');
        return this.refusal;
      },
      backoff: new Backoff(() => 1),
    });
  }
}
