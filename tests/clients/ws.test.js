// Node.js `ws` as a client of the stream.
import WebSocket from 'ws';
import { describe_modes } from './modes.js';
import { StreamFollower } from './stream_follower.js';

describe_modes('ws', (_, mode, seeds) => {
  const follower = new StreamFollower(WebSocket, mode, seeds);
  return {
    call: async (name, ...rest) => follower[name](...rest),
    end: async () => follower.socket?.terminate(),
  };
});
