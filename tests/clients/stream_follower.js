// A client of /v1/stream, written from docs/protocol.md alone, in each mode. It takes any WebSocket
// class with the browser's interface, and checks every message: its form, that each sequence comes
// when it is due, and each event of `ringside load` against the formula of schemas/load.fbs. The
// first message that is wrong ends it with a fault.
//
// The class names nothing outside itself, so that its text can be carried into a page.
export class StreamFollower {
  /** `seeds` maps CHANNEL/PRODUCER to the seed of its load, a decimal string. */
  constructor(WebSocketClass, mode, seeds) {
    this.WebSocketClass = WebSocketClass;
    this.mode = mode;
    this.seeds = seeds;
    this.known = new Map(); // epoch -> what is known of it, across connections
    this.records = 0;
    this.messages = 0; // that carried data
    this.announcements = 0; // how often `events` said whose events follow
    this.fault = null;
    this.crc_table = Uint32Array.from({ length: 256 }, (_, byte) => {
      for (let bit = 0; bit < 8; bit += 1) byte = (byte >>> 1) ^ (byte & 1 ? 0x82f63b78 : 0);
      return byte;
    });
  }

  /** Opens a connection that goes on where the last one ended; the first begins at the oldest. */
  connect(origin, more = '') {
    const token = [...this.known].map(([epoch, { wanted }]) => `${epoch}:${wanted}`).join(',');
    const resume = token === '' ? '' : `&resume=${token}`;
    const address = `${origin}/v1/stream?mode=${this.mode}&from=oldest${resume}${more}`;
    this.hello = false;
    this.live = false;
    this.closed = null;
    this.due = null; // mode=event: the epoch that the next binary message belongs to
    this.announced = new Set();
    this.socket = new this.WebSocketClass(address);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = ({ data }) => this.#guard(() => this.#take(data));
    this.socket.onerror = () => {}; // a close follows and says how it ended
    this.socket.onclose = ({ code, wasClean }) => {
      this.closed = { code, wasClean };
      this.#wake();
    };
    return new Promise((opened, failed) => {
      this.socket.onopen = () => {
        const { protocol, extensions } = this.socket;
        if (protocol || extensions) failed(new Error(`selected "${protocol}" "${extensions}"`));
        opened();
      };
      this.socket.addEventListener('close', ({ code }) => failed(new Error(`refused: ${code}`)));
    });
  }

  /** Resolves once so many records are there; rejects when the connection ends before. */
  until_records(count) {
    return this.#until(`${count} records`, () => this.records >= count, true);
  }

  /** Resolves once the connection is live. */
  until_live() {
    return this.#until('live', () => this.live, true);
  }

  /** Resolves with how the connection ended. */
  async until_closed() {
    await this.#until('the end', () => this.closed !== null, false);
    return this.closed;
  }

  close(code, reason) {
    this.socket.close(code, reason);
    return this.until_closed();
  }

  /** What it has, in values that survive a way out of a page. */
  summary() {
    const { records, messages, announcements } = this;
    const segments = {};
    for (const { name, begin, wanted, had, gaps } of this.known.values())
      segments[name] = { begin, wanted, had, gaps };
    return { records, messages, announcements, segments };
  }

  #until(what, reached, needs_connection) {
    return new Promise((done, failed) => {
      const look = () => {
        if (this.fault !== null) return failed(this.fault);
        if (reached()) return done();
        if (!needs_connection || this.closed === null) return (this.look = look);
        const { code } = this.closed;
        failed(new Error(`ended with ${code} before ${what}, at ${this.records} records`));
      };
      look();
    });
  }

  #wake() {
    const look = this.look;
    this.look = undefined;
    look?.();
  }

  #guard(take) {
    if (this.fault !== null) return;
    try {
      take();
    } catch (error) {
      this.fault = error;
      this.socket.close(4999);
    }
    this.#wake();
  }

  #must(holds, text) {
    if (!holds) throw new Error(`mode=${this.mode}, record ${this.records}: ${text}`);
  }

  #take(data) {
    if (typeof data === 'string') return this.#take_text(data);
    this.#must(this.hello, 'data before hello');
    this.#must(this.mode !== 'json', 'a binary message');
    this.messages += 1;
    if (this.mode === 'run') return this.#take_run(data);
    this.#must(this.due !== null, 'an event of nobody');
    this.#take_load(this.due, new DataView(data));
  }

  #take_text(text) {
    // Numbers beyond 2^53 are kept whole: as strings of digits.
    const message = JSON.parse(text.replace(/([[,:]\s*)(\d{16,})/g, '$1"$2"'));
    this.#must(this.hello !== (message.type === 'hello'), `hello is not first and once: ${text}`);
    switch (message.type) {
      case 'hello':
        this.#must(message.protocol === 1, text);
        this.hello = true;
        break;
      case 'segment':
        this.#take_segment(message, text);
        break;
      case 'gap':
        this.#take_gap(message, text);
        break;
      case 'events':
        this.#must(this.mode === 'event' && this.announced.has(message.epoch), text);
        this.#must(this.known.get(message.epoch).wanted === message.from, text);
        this.due = message.epoch;
        this.announcements += 1;
        break;
      case 'event':
        this.#take_json_event(message, text);
        break;
      case 'live':
        this.#must(!this.live, 'live twice');
        this.live = true;
        break;
      default: // A client must pass over what it does not know.
    }
  }

  #take_segment(message, text) {
    const { epoch, channel, producer, schema, oldest, next, from } = message;
    this.#must(/^[0-9a-f]{16}$/.test(epoch) && schema === 'RSLD' && oldest <= next, text);
    this.#must(!this.announced.has(epoch), `announced twice: ${text}`);
    this.announced.add(epoch);
    const name = `${channel}/${producer}`;
    if (!this.known.has(epoch))
      this.known.set(epoch, { epoch, name, begin: from, wanted: from, had: 0, gaps: [], time: 0n });
    const segment = this.known.get(epoch);
    this.#must(segment.name === name && segment.wanted === from, text);
    this.due = epoch;
  }

  #take_gap({ epoch, from, to, reason }, text) {
    const segment = this.known.get(epoch);
    this.#must(segment !== undefined && segment.wanted === from, text);
    segment.gaps.push({ from, to, reason });
    if (reason === 'reset') {
      // What this client has of that epoch has no continuation.
      this.#must(to === from, text);
      this.known.delete(epoch);
      this.known.set(`${epoch} ended`, segment);
      return;
    }
    this.#must(reason === 'overwritten' && to > from && this.announced.has(epoch), text);
    segment.wanted = to;
    this.due = epoch;
  }

  #take_json_event(message, text) {
    this.#must(this.mode === 'json' && this.announced.has(message.epoch), text);
    const segment = this.known.get(message.epoch);
    const { channel, producer, sequence, timestamp_ns, event } = message;
    this.#must(`${channel}/${producer}` === segment.name && sequence === segment.wanted, text);
    this.#take_time(segment, BigInt(timestamp_ns));
    this.messages += 1;
    this.#take_words(segment, BigInt(event.seed), BigInt(event.sequence), event.words);
  }

  #take_run(data) {
    const view = new DataView(data);
    this.#must(view.byteLength >= 32, 'a message without a RunHeader');
    const epoch = view.getBigUint64(0, true).toString(16).padStart(16, '0');
    this.#must(this.announced.has(epoch), `a run of ${epoch}, which was not announced`);
    const segment = this.known.get(epoch);
    const count = view.getUint32(16, true);
    this.#must(Number(view.getBigUint64(8, true)) === segment.wanted, 'not the sequence due');
    this.#must(count >= 1, 'an empty run');
    this.#must(view.getUint32(20, true) === view.byteLength - 32, 'not as long as it says');
    this.#must(view.getBigUint64(24, true) === 0n, 'reserved is not 0');
    let at = 32;
    for (let i = 0; i < count; i += 1) {
      const size = view.getUint32(at, true);
      const end = at + 24 + Math.ceil(size / 8) * 8;
      this.#must(size >= 1 && end <= view.byteLength, 'a record that is not inside the message');
      this.#must(Number(view.getBigUint64(at + 8, true)) === segment.wanted, 'not the record due');
      this.#must(view.getUint32(at + 4, true) === this.#checksum(view, at, end), 'a wrong checksum');
      this.#take_time(segment, view.getBigUint64(at + 16, true));
      this.#take_load(epoch, new DataView(data, at + 24, size));
      at = end;
    }
    this.#must(at === view.byteLength, 'more than its records');
  }

  /** CRC-32C over the epoch, the size as 8 bytes, sequence, timestamp, and the padded payload. */
  #checksum(view, at, end) {
    let crc = 0xffffffff;
    const add = (from, to) => {
      for (let i = from; i < to; i += 1)
        crc = (crc >>> 8) ^ this.crc_table[(crc ^ view.getUint8(i)) & 0xff];
    };
    add(0, 8);
    add(at, at + 4);
    for (let i = 0; i < 4; i += 1) crc = (crc >>> 8) ^ this.crc_table[crc & 0xff];
    add(at + 8, end);
    return ~crc >>> 0;
  }

  #take_time(segment, time) {
    this.#must(time >= segment.time, 'time goes backwards');
    segment.time = time;
  }

  /** One FlatBuffer of the table Load. */
  #take_load(epoch, view) {
    this.#must(view.byteLength >= 8 && view.getUint32(4, true) === 0x444c5352, 'not "RSLD"');
    const table = view.getUint32(0, true);
    const fields = table - view.getInt32(table, true);
    // Where a field stands; a field that has its default need not be there.
    const field = (index) => {
      const slot = 4 + 2 * index;
      const offset = slot < view.getUint16(fields, true) ? view.getUint16(fields + slot, true) : 0;
      return offset === 0 ? null : table + offset;
    };
    const number = (at) => (at === null ? 0n : view.getBigUint64(at, true));
    const vector = field(2) + view.getUint32(field(2), true);
    const length = view.getUint32(vector, true);
    this.#must(vector + 4 + 8 * length === view.byteLength, 'words that do not fill the event');
    const words = Array.from({ length }, (_, i) => view.getBigUint64(vector + 4 + 8 * i, true));
    this.#take_words(this.known.get(epoch), number(field(0)), number(field(1)), words);
  }

  #take_words(segment, seed, sequence, words) {
    this.#must(seed === BigInt(this.seeds[segment.name]), `seed ${seed} in ${segment.name}`);
    this.#must(Number(sequence) === segment.wanted, `event ${sequence}, not ${segment.wanted}`);
    const first = (seed + sequence) * 0x9e3779b97f4a7c15n;
    this.#must(words.length > 0, 'no words');
    for (let i = 0; i < words.length; i += 1)
      this.#must(BigInt(words[i]) === BigInt.asUintN(64, first + BigInt(i)), `words[${i}] is wrong`);
    segment.wanted += 1;
    segment.had += 1;
    this.records += 1;
  }
}
