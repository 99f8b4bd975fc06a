// A client that follows a stream for as long as it is wanted: it resumes by token whenever it is
// cut off, and holds that each sequence comes exactly once, with no gap (docs/protocol.md, 3 to 5).
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';

const kRunHeaderBytes = 32;
const kRecordHeaderBytes = 24;
const kPauseMs = 30;

export class Follower {
  /** Records taken, over all connections. */
  records = 0;
  connects = 0;
  closes = [];
  live = false;

  /** `address` says where, from `ws:` on to the query, and `headers` what a proxy needs to see. */
  constructor(address, { headers = {}, origin } = {}) {
    this.address_ = address;
    this.options_ = { headers, origin, perMessageDeflate: false };
    this.wanted_ = new Map();
    this.following_ = true;
    this.done_ = this.follow();
    this.done_.catch(() => {}); // Told by stop().
  }

  /** Ends it and reports what it found wrong, if anything. */
  async stop() {
    this.following_ = false;
    this.socket_?.close();
    await this.done_;
  }

  async follow() {
    while (this.following_) {
      await this.connect();
      await sleep(kPauseMs);
    }
  }

  connect() {
    return new Promise((ended, failed) => {
      const url = new URL(this.address_);
      const token = [...this.wanted_].map(([epoch, next]) => `${epoch}:${next}`).join();
      if (token !== '') url.searchParams.set('resume', token);
      const socket = new WebSocket(url, this.options_);
      this.socket_ = socket;
      this.announced_ = new Set();
      socket.on('open', () => (this.connects += 1));
      socket.on('message', (data, is_binary) => {
        try {
          if (is_binary) this.take_run(data);
          else this.take_control(JSON.parse(data));
        } catch (error) {
          this.following_ = false;
          socket.terminate();
          failed(error);
        }
      });
      // Refused by whoever was being restarted: 'close' follows.
      socket.on('error', () => {});
      socket.on('close', (code) => {
        this.closes.push(code);
        ended();
      });
    });
  }

  take_control(message) {
    if (message.type === 'live') this.live = true;
    assert.notEqual(message.type, 'gap', `a gap: ${JSON.stringify(message)}`);
    if (message.type !== 'segment') return;
    const { epoch, from } = message;
    assert.equal(from, this.wanted_.get(epoch) ?? 0, 'where the stream goes on');
    this.wanted_.set(epoch, from);
    this.announced_.add(epoch);
  }

  take_run(message) {
    const epoch = message.readBigUInt64LE(0).toString(16).padStart(16, '0');
    assert.ok(this.announced_.has(epoch), 'a run of an announced segment');
    let sequence = this.wanted_.get(epoch);
    let at = kRunHeaderBytes;
    for (let left = message.readUInt32LE(16); left > 0; left -= 1) {
      assert.equal(Number(message.readBigUInt64LE(at + 8)), sequence, 'each sequence once');
      sequence += 1;
      at += kRecordHeaderBytes + Math.ceil(message.readUInt32LE(at) / 8) * 8;
    }
    assert.equal(at, message.length);
    this.records += sequence - this.wanted_.get(epoch);
    this.wanted_.set(epoch, sequence);
  }
}

/** How the server answers a handshake: 101, or the status of its refusal. */
export function handshake(address, options = {}) {
  return new Promise((done, failed) => {
    const socket = new WebSocket(address, options);
    socket.on('open', () => {
      done(101);
      socket.terminate();
    });
    socket.on('unexpected-response', (request, response) => {
      done(response.statusCode);
      request.destroy();
    });
    socket.on('error', failed);
  });
}
