// Where the token comes from and where it stays, and what a refusal is called.
import { beforeEach, describe, expect, it } from 'vitest';
import { address_beside, refusal_reason, take_token, type Memory } from './access';

let kept: Map<string, string>;
let shown: string;
const past = { replaceState: (_data: unknown, _unused: string, url: string) => void (shown = url) };
const memory = (): Memory => ({
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
});

beforeEach(() => {
  kept = new Map();
  shown = '';
});

function open(href: string, remember: () => Memory = memory): string {
  shown = href;
  return take_token({ href }, past, remember);
}

describe('take_token', () => {
  it('takes the token out of the address and leaves the rest of it', () => {
    expect(open('https://h/ringside/?from=last:10&token=0123456789abcdef#x')).toBe(
      '0123456789abcdef',
    );
    expect(shown).toBe('https://h/ringside/?from=last%3A10#x');
  });

  it('has it again after a refresh, whose address has none', () => {
    open('https://h/ringside/?token=0123456789abcdef');
    expect(open(shown)).toBe('0123456789abcdef');
    expect(open('https://h/ringside/index.html')).toBe('0123456789abcdef');
  });

  it('prefers a new one', () => {
    open('https://h/?token=old-old-old-old-');
    expect(open('https://h/?token=new-new-new-new-')).toBe('new-new-new-new-');
    expect(open('https://h/')).toBe('new-new-new-new-');
  });

  it('does not give the token of one dashboard to its neighbour', () => {
    open('https://h/one/?token=0123456789abcdef');
    expect(open('https://h/two/')).toBe('');
    expect(open('https://h/')).toBe('');
  });

  it('undoes percent-encoding, and takes a plus for a plus', () => {
    expect(open('https://h/?token=a%2Fb%26c%3D')).toBe('a/b&c=');
    expect(open('https://h/?token=a+b%2Bc')).toBe('a+b+c');
  });

  it('touches nothing where there is no token', () => {
    expect(open('https://h/?from=latest')).toBe('');
    expect(shown).toBe('https://h/?from=latest');
    expect(kept.size).toBe(0);
  });

  it('leaves the address as it is where the tab may remember nothing', () => {
    const shut = () => {
      throw new Error('access is denied for this document');
    };
    expect(open('https://h/?token=0123456789abcdef', shut)).toBe('0123456789abcdef');
    expect(shown).toBe('https://h/?token=0123456789abcdef');
    expect(open('https://h/', shut)).toBe('');
  });
});

describe('address_beside', () => {
  it('stands beside the page, with the token and without the rest of its query', () => {
    const base = 'https://h/a/index.html?from=latest#x';
    expect(address_beside(base, 'v1/segments', '').href).toBe('https://h/a/v1/segments');
    expect(address_beside(base, 'v1/segments', 'a&b').href).toBe(
      'https://h/a/v1/segments?token=a%26b',
    );
  });
});

describe('refusal_reason', () => {
  const base = 'https://h/a/index.html?from=latest';
  it.each([
    [400, 'from=x means nothing', '', 'from=x means nothing'],
    [401, 'wants its token', '', 'wants its token (open https://h/a/?token=...)'],
    [401, 'wants its token', 'x', '(open https://h/a/?token=... with the right one)'],
    [401, '', '', 'wants a token'],
    [403, 'start it with --origin', 'x', 'start it with --origin'],
    [503, 'all places are taken', '', 'all places are taken'],
    [502, '', '', 'the proxy does not reach the dashboard'],
    [426, 'this is a WebSocket', '', 'no WebSocket reaches it'],
    [418, '', '', 'status 418'],
  ])('says of %i and "%s" what to do', (status, sentence, token, text) => {
    expect(refusal_reason({ status, sentence }, base, token)).toContain(text);
  });
});
