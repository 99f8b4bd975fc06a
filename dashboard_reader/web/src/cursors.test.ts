// Where the page stands in each segment, and the token that says so.
import { describe, expect, it } from 'vitest';
import { Cursors } from './cursors';

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
    expect(cursors.announce(B, 'embedding', 'feed', 7)).toBe('resumed');
    expect(cursors.resume_token()).toBe(`${A}:10,${B}:7`);
  });

  it('does not move when a known segment is announced again', () => {
    const cursors = announced();
    cursors.advance(A, 10, 5);
    expect(cursors.announce(A, 'embedding', 'knn', 15)).toBe('resumed');
    expect(cursors.get(A)!.next).toBe(15);
  });

  it('begins afresh where the server goes on at another sequence than is due', () => {
    const cursors = announced();
    cursors.advance(A, 10, 5);
    expect(cursors.announce(A, 'embedding', 'knn', 12)).toBe('afresh');
    cursors.advance(A, 12, 1);
    expect(cursors.resume_token()).toBe(`${A}:13`);
  });

  it('refuses a run that skips sequences without a gap', () => {
    const cursors = announced();
    expect(() => cursors.advance(A, 11, 1)).toThrow(/no gap was reported/);
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

  it('takes a gap that is reported before its segment is named', () => {
    const cursors = new Cursors();
    cursors.gap(A, 0, 8);
    expect(() => cursors.advance(A, 8, 1)).toThrow(/not announced/);
    expect(cursors.announce(A, 'embedding', 'knn', 0)).toBe('new');
    cursors.advance(A, 8, 1);
    expect(cursors.missed).toBe(8);
  });

  it('no longer asks for an epoch that is forgotten', () => {
    const cursors = announced();
    cursors.forget(A);
    expect(cursors.resume_token()).toBe('');
    expect(cursors.announce(A, 'embedding', 'knn', 0)).toBe('new');
  });

  describe('of more segments than one request can name', () => {
    const kSegments = 1000;
    const kLongest = 4000;
    const epoch = (i: number): string => i.toString(16).padStart(16, '0');
    function many(): Cursors {
      const cursors = new Cursors();
      for (let i = 0; i < kSegments; i += 1) {
        cursors.announce(epoch(i), 'embedding', `p${i}`, 0);
        cursors.retains(epoch(i), i);
      }
      return cursors;
    }

    it('keep each of them', () => {
      const cursors = many();
      for (let i = 0; i < kSegments; i += 1) cursors.advance(epoch(i), 0, 1);
      expect(cursors.resume_token().split(',')).toHaveLength(kSegments);
      expect(cursors.left_out).toBe(0);
    });

    it('name those in the token that retain the most, and say how many they leave out', () => {
      const cursors = many();
      const token = cursors.resume_token(kLongest);
      expect(token.length).toBeLessThanOrEqual(kLongest);
      expect(token.length).toBeGreaterThan(kLongest - 20);
      const named = token.split(',');
      expect(named.length + cursors.left_out).toBe(kSegments);
      expect(token).toContain(`${epoch(kSegments - 1)}:0`);
      expect(token).not.toContain(`${epoch(0)}:`);
    });

    it('take what was left out as the server sends it then, and forget what it does not', () => {
      const cursors = many();
      cursors.advance(epoch(0), 0, 7);
      cursors.advance(epoch(1), 0, 7);
      cursors.resume_token(kLongest);
      expect(cursors.announce(epoch(0), 'embedding', 'p0', 3)).toBe('afresh');
      cursors.forget_left_out(new Set([epoch(0)]));
      cursors.advance(epoch(0), 3, 4);
      expect(cursors.get(epoch(1))).toBeUndefined();
      expect(cursors.get(epoch(kSegments - 1))).toBeDefined();
    });
  });
});
