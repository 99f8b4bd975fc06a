// The TypeScript reader: what the page would read of a segment, through a dashboard.
//
//   node read_points.mjs ws://HOST:PORT PRODUCER >points.tsv
import WebSocket from '../clients/node_modules/ws/wrapper.mjs';
import { ByteBuffer } from '../../dashboard_reader/web/node_modules/flatbuffers';
import { parse_control } from '../../dashboard_reader/web/src/control_message';
import {
  Body,
  Embedding,
  EmbeddingBatch,
  Event,
} from '../../dashboard_reader/web/src/generated/event_generated';
import { for_each_event, parse_run } from '../../dashboard_reader/web/src/run_message';

function digits_of(value: number): string {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setFloat32(0, value);
  return bytes.getUint32(0).toString(16).padStart(8, '0');
}

type Numbers = Pick<Embedding, 'x' | 'y' | 'z' | 'predictedInt' | 'phaseInt' | 'cluster' | 'isTrain'>;

function print(texts: (string | null)[], point: Numbers): void {
  const columns = [
    ...texts.map((text) => text ?? ''),
    ...[point.x(), point.y(), point.z()].map(digits_of),
    ...[point.phaseInt(), point.predictedInt(), point.cluster()].map(String),
    point.isTrain() ? '1' : '0',
  ];
  process.stdout.write(columns.join('\t') + '\n');
}

function print_event(bytes: Uint8Array): void {
  const event = Event.getRootAsEvent(new ByteBuffer(bytes));
  if (event.bodyType() === Body.Embedding) {
    const one: Embedding = event.body(new Embedding());
    print([one.episodeId(), one.hostId(), one.profile()], one);
    return;
  }
  const batch: EmbeddingBatch = event.body(new EmbeddingBatch());
  for (let i = 0; i < batch.pointsLength(); i += 1) {
    const point = batch.points(i)!;
    const texts = [
      batch.episodes(point.episode()),
      batch.hosts(point.host()),
      batch.profiles(point.profile()),
    ];
    print(texts, point);
  }
}

const [origin, producer] = process.argv.slice(2);
const socket = new WebSocket(`${origin}/v1/stream?mode=run&from=oldest&channels=embedding`);
socket.binaryType = 'arraybuffer';
let live = false;
let epoch: string | null = null; // of the producer's segment
socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
  if (typeof data === 'string') {
    const message = parse_control(data);
    if (message.type === 'gap') throw new Error(`a gap: ${message.reason}`);
    if (message.type === 'segment' && message.producer === producer) epoch = message.epoch;
    if (message.type !== 'live') return;
    live = true;
    socket.close();
    return;
  }
  const run = parse_run(data);
  if (run.epoch !== epoch) return;
  for_each_event(run, (start, end) => print_event(new Uint8Array(run.buffer.slice(start, end))));
};
socket.onclose = ({ code }: { code: number }) => {
  if (live) return;
  console.error(`read_points: the connection ended with ${code} before it was live`);
  process.exitCode = 1;
};
