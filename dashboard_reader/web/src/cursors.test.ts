import { describe, expect, it } from 'vitest';
import { Cursors, kMaxCursors } from './cursors';

const A = '00000000000000aa';
const B = '00000000000000bb';

function announced(): Cursors {
  const cursors = new Cursors();
  cursors.announce(A, 'embedding', 'knn', 10);
  return cursors;
}

describe('Cursors', () => {
  it('asks for the sequence after the last run', () => {
    const cursors = announced();
    cursors.advance(A, 10, 5);
    cursors.advance(A, 15, 1);
    expect(cursors.resume_token()).toBe(`${A}:16`);
  });

  it('has an empty token before anything is known', () => {
    expect(new Cursors().resume_token()).toBe('');
  });

  it('keeps segments that a later connection does not mention', () => {
    const cursors = announced();
    cursors.announce(B, 'embedding', 'feed', 0);
    cursors.advance(B, 0, 7);
    expect(cursors.announce(B, 'embedding', 'feed', 7)).toBe(false);
    expect(cursors.resume_token()).toBe(`${A}:10,${B}:7`);
  });

  it('does not move when a known segment is announced again', () => {
    const cursors = announced();
    cursors.advance(A, 10, 5);
    cursors.announce(A, 'embedding', 'knn', 10);
    expect(cursors.get(A)!.next).toBe(15);
  });

  it('refuses a run that skips sequences without a gap', () => {
    const cursors = announced();
    expect(() => cursors.advance(A, 11, 1)).toThrow(/no gap was told/);
    expect(cursors.get(A)!.next).toBe(10);
  });

  it('refuses and counts what comes twice', () => {
    const cursors = announced();
    cursors.advance(A, 10, 5);
    expect(() => cursors.advance(A, 12, 10)).toThrow(/came twice/);
    expect(cursors.doubled).toBe(3);
    expect(cursors.get(A)!.next).toBe(15);
  });

  it('refuses a run of a segment that was not announced', () => {
    expect(() => announced().advance(B, 0, 1)).toThrow(/not announced/);
  });

  it('moves over a gap and counts it once', () => {
    const cursors = announced();
    expect(cursors.gap(A, 10, 25)).toBe(15);
    expect(cursors.gap(A, 10, 25)).toBe(0);
    expect(cursors.missed).toBe(15);
    cursors.advance(A, 25, 1);
    expect(cursors.resume_token()).toBe(`${A}:26`);
  });

  it('refuses a gap that leaves sequences before it untold', () => {
    expect(() => announced().gap(A, 11, 20)).toThrow(/has not come/);
    expect(() => announced().gap(A, 10, 9)).toThrow(/backwards/);
  });

  it('takes a gap that is told before its segment is named', () => {
    const cursors = new Cursors();
    cursors.gap(A, 0, 8);
    expect(() => cursors.advance(A, 8, 1)).toThrow(/not announced/);
    expect(cursors.announce(A, 'embedding', 'knn', 0)).toBe(true);
    cursors.advance(A, 8, 1);
    expect(cursors.missed).toBe(8);
  });

  it('no longer asks for an epoch that was reset', () => {
    const cursors = announced();
    cursors.forget(A, 10, 12);
    expect(cursors.missed).toBe(2);
    expect(cursors.resume_token()).toBe('');
    expect(cursors.announce(A, 'embedding', 'knn', 0)).toBe(true);
  });

  it('keeps the most recent segments when there are too many', () => {
    const cursors = new Cursors();
    const epoch = (i: number): string => i.toString(16).padStart(16, '0');
    cursors.announce(epoch(0), 'embedding', 'p0', 0);
    for (let i = 1; i < kMaxCursors; i += 1) cursors.announce(epoch(i), 'embedding', `p${i}`, 0);
    cursors.advance(epoch(0), 0, 1); // Mentioned again: no longer the oldest.
    cursors.announce(epoch(kMaxCursors), 'embedding', 'last', 0);
    const token = cursors.resume_token();
    expect(token.split(',')).toHaveLength(kMaxCursors);
    expect(token).toContain(`${epoch(0)}:1`);
    expect(token).not.toContain(`${epoch(1)}:`);
    expect(token.length).toBeLessThan(8192);
  });
});
