// Keeps one WebSocket to the server: opens it, feeds its messages to a Session, and after any end
// comes back with a resume token. Every close code is a reason to resume (1001 going away, 1006 cut
// off, 4000 lapped in the middle of a message); the page never gives up.
import { fetch_refusal, refusal_reason, type Refusal } from './access';
import { Backoff } from './backoff';
import { Cursors } from './cursors';
import type { Model } from './model';
import { ProtocolFault } from './run_message';
import { Session } from './session';
import { kTickMs, Silence } from './silence';

/** `silent`: the connection is open, and nothing has come for so long that it may be dead. */
export type StreamState = 'connecting' | 'replaying' | 'live' | 'silent' | 'reconnecting';

const kReasons: Readonly<Record<number, string>> = {
  1000: 'the server is going away',
  1001: 'the server is going away',
  1006: 'the connection was cut, or refused',
  4000: 'lapped by the producers in the middle of a message',
  4001: 'too slow to answer the server',
};
const kCloseOnFault = 4002; // Browsers may send 1000 and 3000 to 4999 only.
// A dashboard that was there may be restarting, so only after this many refusals in a row the page
// asks why. One that has just sent the page is asked at once.
const kRefusalsOfOneKnown = 7;
// Many proxies refuse a request line of more than 8 KiB.
const kLongestAddress = 8000;

/** What the stream needs of a WebSocket; a browser's has it. */
export interface Socket {
  binaryType: BinaryType;
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onclose: ((event: CloseEvent) => unknown) | null;
  close(code?: number, reason?: string): void;
}

export interface StreamOptions {
  /** The page's address; the stream's is derived from it. */
  readonly base: string;
  /** What the dashboard wants of its clients, or ''. */
  readonly token: string;
  readonly model: Model;
  /** Something that is shown may have changed. */
  readonly changed: () => void;
  readonly open_socket?: (url: string) => Socket;
  /** What an ordinary GET is answered; rejects where there is no answer. */
  readonly ask?: (url: string) => Promise<Refusal>;
  readonly backoff?: Backoff;
}

export class Stream {
  state: StreamState = 'connecting';
  /** From the request for a socket to the `live` message of the same connection; -1 before. */
  replay_ms = -1;
  /** Time spent on the messages of this connection so far. */
  decode_ms = 0;
  connects = 0;
  /** Why the last connection ended, for people; empty once live again. */
  trouble = '';
  /** When the next attempt starts, by performance.now(); 0 while none is waited for. */
  retry_at_ms = 0;
  readonly cursors = new Cursors();

  private socket_: Socket | null = null;
  private session_: Session | null = null;
  private timer_: ReturnType<typeof setTimeout> | undefined;
  private ticker_: ReturnType<typeof setInterval> | undefined;
  private readonly silence_ = new Silence();
  /** A server that is known to send beats: one that never did is not expected to. */
  private beating_server_ = '';
  private was_live_ = false;
  private readonly backoff_: Backoff;
  /** Attempts in a row that ended before the socket was open, and why, once that is known. */
  private refusals_ = 0;
  private refusal_ = '';

  constructor(private readonly options_: StreamOptions) {
    this.backoff_ = options_.backoff ?? new Backoff();
  }

  /** When the server was last heard, by performance.now(); 0 before. */
  get heard_at_ms(): number {
    return this.silence_.heard_at_ms;
  }

  /** Whether what is shown is as the server has it, as far as that can be known. */
  get is_up(): boolean {
    return this.state === 'replaying' || this.state === 'live';
  }

  /** Opens the first connection, or ends a wait between two. */
  connect(): void {
    if (this.socket_ !== null) return;
    clearTimeout(this.timer_);
    this.retry_at_ms = 0;
    const asked_at_ms = performance.now();
    let socket: Socket;
    try {
      const url = this.address();
      socket = (this.options_.open_socket ?? ((address) => new WebSocket(address)))(url);
    } catch (error) {
      this.ended(`cannot open the stream: ${String(error)}`);
      return;
    }
    this.socket_ = socket;
    socket.binaryType = 'arraybuffer';
    const session = new Session(this.cursors, this.options_.model);
    this.session_ = session;
    this.silence_.begin(asked_at_ms);
    this.ticker_ = setInterval(() => this.tick(socket), kTickMs);

    let is_live = false;
    socket.onopen = () => {
      if (socket !== this.socket_) return;
      this.refusals_ = 0;
      this.refusal_ = '';
      this.connects += 1;
      this.decode_ms = 0;
      this.state = 'replaying';
      this.silence_.begin(performance.now());
      this.options_.changed();
    };
    socket.onmessage = (event) => {
      if (socket !== this.socket_) return;
      const begun_at_ms = performance.now();
      try {
        if (typeof event.data === 'string') session.text(event.data);
        else session.binary(event.data as ArrayBuffer);
      } catch (error) {
        if (!(error instanceof ProtocolFault)) throw error;
        this.drop(socket, `refused what the server sent: ${error.message}`);
        return;
      }
      const now_ms = performance.now();
      this.decode_ms += now_ms - begun_at_ms;
      if (session.beats) this.beating_server_ = session.server;
      this.silence_.heard(now_ms, typeof event.data === 'string' ? 0 : event.data.byteLength);
      if (this.state === 'silent') this.state = is_live ? 'live' : 'replaying';
      if (session.live && !is_live) {
        is_live = true;
        this.was_live_ = true;
        this.state = 'live';
        this.trouble = '';
        this.replay_ms = now_ms - asked_at_ms;
        this.backoff_.reset();
        this.silence_.settle();
      }
      this.options_.changed();
    };
    socket.onclose = (event) => {
      if (socket !== this.socket_) return;
      const refused = !this.is_up && this.state !== 'silent';
      this.ended((refused && this.refusal_) || close_reason(event.code, event.reason));
      if (refused) void this.ask_why();
    };
    this.options_.changed();
  }

  /** The network is back, or the viewer is: neither waits for what is not there. */
  hurry(): void {
    if (this.socket_ !== null && this.state === 'silent') {
      this.drop(this.socket_, 'the dashboard was silent');
    }
    this.connect();
  }

  private address(): string {
    const { base, token } = this.options_;
    // A segment that appeared while this page was away is wanted from its start.
    const from = this.was_live_ ? 'oldest' : '';
    const room = kLongestAddress - stream_url(base, '-', token, from).length;
    return stream_url(base, this.cursors.resume_token(room), token, from);
  }

  /** Leaves a socket at once, whatever it would still deliver. */
  private drop(socket: Socket, reason: string): void {
    if (socket !== this.socket_) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(kCloseOnFault);
    this.ended(reason);
  }

  private tick(socket: Socket): void {
    if (socket !== this.socket_) return;
    const silence = this.silence_;
    const server = this.session_?.server ?? '';
    // Whatever its version, a server says hello at once.
    if (server !== '' && server !== this.beating_server_) return;
    silence.tick(performance.now());
    if (!this.is_up && this.state !== 'silent') {
      // A browser may take minutes to give up on a host that does not answer.
      if (silence.is_unanswered) this.drop(socket, 'the dashboard does not answer');
    } else if (silence.is_over) {
      silence.give_up();
      this.drop(socket, 'the dashboard was silent');
    } else if (silence.is_silent) {
      this.state = 'silent';
      this.options_.changed();
    }
  }

  /** A socket was refused: asks for the reason where that makes sense. */
  private async ask_why(): Promise<void> {
    this.refusals_ += 1;
    if (this.connects > 0 && this.refusals_ < kRefusalsOfOneKnown) return;
    const { base, token } = this.options_;
    const url = new URL(this.address());
    url.protocol = new URL(base).protocol;
    let reason = '';
    try {
      const answer = await (this.options_.ask ?? fetch_refusal)(url.href);
      reason = refusal_reason(answer, base, token);
    } catch {
      // Nobody answers: there is no more to say than that.
    }
    if (this.refusals_ === 0) return; // Let in meanwhile.
    this.refusal_ = reason;
    if (reason !== '') this.trouble = reason;
    this.options_.changed();
  }

  private ended(reason: string): void {
    clearTimeout(this.timer_);
    clearInterval(this.ticker_);
    this.socket_ = null;
    this.session_ = null;
    this.state = 'reconnecting';
    this.trouble = reason;
    const delay_ms = this.backoff_.next_delay_ms();
    this.retry_at_ms = performance.now() + delay_ms;
    this.timer_ = setTimeout(() => this.connect(), delay_ms);
    this.options_.changed();
  }
}

/**
 * `v1/stream` beside the page, under whatever path that is served. The page's own query goes along,
 * so that `?from=last:1000` works, unless another `from` is given; the mode is always run.
 */
export function stream_url(base: string, resume: string, token = '', from = ''): string {
  const url = new URL('v1/stream', base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const query = new URLSearchParams(new URL(base).search);
  if (!query.has('channels')) query.set('channels', 'embedding');
  if (from !== '') query.set('from', from);
  if (!query.has('from')) query.set('from', 'oldest');
  query.set('mode', 'run');
  if (token !== '') query.set('token', token);
  query.delete('resume');
  // These separators are legal in a query and easier to read, and to parse, as they are.
  let text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  if (resume !== '') text += `&resume=${resume}`;
  url.search = text;
  url.hash = '';
  return url.href;
}

function close_reason(code: number, reason: string): string {
  return kReasons[code] ?? `the server closed with ${code}${reason === '' ? '' : ` (${reason})`}`;
}
