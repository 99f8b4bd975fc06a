// The token of a dashboard that wants one, and what the page can say when it is not let in. The
// token comes with the page's own address, `?token=T`; from there it moves into the tab's session,
// so that it survives a refresh and yet is in no address that is shown, copied or kept in history.

export type Memory = Pick<Storage, 'getItem' | 'setItem'>;

/**
 * The token of the page's address, else the one that this tab has had before, else ''. Where the
 * tab may remember nothing, the address keeps it: a refresh matters more.
 */
export function take_token(
  place: Pick<Location, 'href'>,
  past: Pick<History, 'replaceState'>,
  memory: () => Memory,
): string {
  const url = new URL(place.href);
  // Several dashboards may stand under paths of one origin, each with a token of its own.
  const key = `token of ${new URL('.', url).pathname}`;
  // A token has no blanks, so what a query reads as one was a plus.
  const given = url.searchParams.get('token')?.replaceAll(' ', '+') ?? '';
  try {
    if (given === '') return memory().getItem(key) ?? '';
    memory().setItem(key, given);
    url.searchParams.delete('token');
    past.replaceState(null, '', url.href);
  } catch {
    // Storage is shut to this page.
  }
  return given;
}

/** An address beside the page, under whatever path that is served, with the token if there is one. */
export function address_beside(base: string, path: string, token: string): URL {
  const url = new URL(path, base);
  if (token !== '') url.searchParams.set('token', token);
  return url;
}

/** What an ordinary request for the stream's address was answered. */
export interface Refusal {
  readonly status: number;
  /** One line of plain text, or ''. */
  readonly sentence: string;
}

const kLongestSentence = 500;
const kUpgradeRequired = 426;

/**
 * A browser does not show a page why a WebSocket is refused. The server answers an ordinary request
 * for the same address with the same refusal, or with 426 if a WebSocket would be welcome.
 */
export async function fetch_refusal(url: string): Promise<Refusal> {
  const answer = await fetch(url, { cache: 'no-store' });
  // The HTML of a proxy is no sentence.
  const is_plain = answer.headers.get('content-type')?.startsWith('text/plain') ?? false;
  const sentence = is_plain ? (await answer.text()).trim().slice(0, kLongestSentence) : '';
  return { status: answer.status, sentence };
}

/** Why the stream is refused, for people: in the server's own words where it has some. */
export function refusal_reason({ status, sentence }: Refusal, base: string, token: string): string {
  const page = new URL('.', base);
  if (status === kUpgradeRequired) {
    return (
      'the dashboard would take this stream, but no WebSocket reaches it: a proxy before it may ' +
      'pass none on'
    );
  }
  if (status === 401) {
    const how = token === '' ? '' : ' with the right one';
    return `${sentence || 'the dashboard wants a token'} (open ${page.href}?token=...${how})`;
  }
  if (sentence !== '') return sentence;
  if (status === 502 || status === 504) return 'the proxy does not reach the dashboard';
  return `the dashboard, or a proxy before it, answers with status ${status}`;
}
