// Builds events and run messages for the tests, with the generated builders, so that what the page
// reads by hand is checked against the schemas.
import { Builder } from 'flatbuffers';
import {
  Body,
  CycleSlot,
  Embedding,
  EmbeddingBatch,
  Event,
  Point,
} from './generated/event_generated';
import { RecordHeader } from './generated/ringside/wire/record-header';
import { RunHeader } from './generated/ringside/wire/run-header';

export interface TestPoint {
  x: number;
  y?: number;
  z?: number;
  phase?: number;
  prediction?: number;
  cluster?: number;
  train?: boolean;
}

export interface TestSlot {
  cycle: bigint;
  index: number;
  total: number;
}

export function embedding_event(point: TestPoint, slot: TestSlot | null): Uint8Array {
  const builder = new Builder(256);
  const episode = builder.createString('episode-7');
  Embedding.startEmbedding(builder);
  Embedding.addEpisodeId(builder, episode);
  Embedding.addX(builder, point.x);
  Embedding.addY(builder, point.y ?? 0);
  Embedding.addZ(builder, point.z ?? 0);
  Embedding.addPhaseInt(builder, point.phase ?? -1);
  Embedding.addPredictedInt(builder, point.prediction ?? -1);
  Embedding.addCluster(builder, point.cluster ?? -1);
  Embedding.addIsTrain(builder, point.train ?? false);
  if (slot !== null) {
    Embedding.addSlot(
      builder,
      CycleSlot.createCycleSlot(builder, slot.cycle, slot.index, slot.total),
    );
  }
  const body = Embedding.endEmbedding(builder);
  return finish(builder, Body.Embedding, body);
}

export function batch_event(points: readonly TestPoint[], slot: TestSlot | null): Uint8Array {
  const builder = new Builder(1024);
  const episodes = EmbeddingBatch.createEpisodesVector(builder, [builder.createString('e')]);
  const hosts = EmbeddingBatch.createHostsVector(builder, [builder.createString('h')]);
  const profiles = EmbeddingBatch.createProfilesVector(builder, [builder.createString('p')]);
  EmbeddingBatch.startPointsVector(builder, points.length);
  for (const point of [...points].reverse()) {
    Point.createPoint(
      builder,
      point.x,
      point.y ?? 0,
      point.z ?? 0,
      point.phase ?? -1,
      point.prediction ?? -1,
      point.cluster ?? -1,
      0,
      0,
      0,
      point.train ?? false,
    );
  }
  const vector = builder.endVector();
  EmbeddingBatch.startEmbeddingBatch(builder);
  if (slot !== null) {
    EmbeddingBatch.addSlot(
      builder,
      CycleSlot.createCycleSlot(builder, slot.cycle, slot.index, slot.total),
    );
  }
  EmbeddingBatch.addEpisodes(builder, episodes);
  EmbeddingBatch.addHosts(builder, hosts);
  EmbeddingBatch.addProfiles(builder, profiles);
  EmbeddingBatch.addPoints(builder, vector);
  return finish(builder, Body.EmbeddingBatch, EmbeddingBatch.endEmbeddingBatch(builder));
}

/** One binary message: the events as consecutive records from `first_sequence` on. */
export function run_message(
  epoch: string,
  first_sequence: number,
  events: readonly Uint8Array[],
): ArrayBuffer {
  const padded = events.map((event) => Math.ceil(event.length / 8) * 8);
  const byte_length = padded.reduce((sum, size) => sum + 24 + size, 0);
  const message = new Uint8Array(32 + byte_length);
  message.set(
    struct_bytes((builder) =>
      RunHeader.createRunHeader(
        builder,
        BigInt(`0x${epoch}`),
        BigInt(first_sequence),
        events.length,
        byte_length,
        0n,
      ),
    ),
  );
  let offset = 32;
  events.forEach((event, i) => {
    const header = struct_bytes((builder) =>
      RecordHeader.createRecordHeader(builder, event.length, 0, BigInt(first_sequence + i), 1n),
    );
    message.set(header, offset);
    message.set(event, offset + 24);
    offset += 24 + padded[i]!;
  });
  return message.buffer;
}

function struct_bytes(create: (builder: Builder) => number): Uint8Array {
  const builder = new Builder(64);
  const size = create(builder);
  const { bb } = builder as unknown as { bb: { bytes(): Uint8Array; capacity(): number } };
  return bb.bytes().slice(bb.capacity() - size);
}

function finish(builder: Builder, type: Body, body: number): Uint8Array {
  Event.finishEventBuffer(builder, Event.createEvent(builder, type, body));
  return builder.asUint8Array().slice();
}
