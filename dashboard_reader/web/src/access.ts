// The token of a dashboard that wants one, and what the page can say when it is not let in. The
// token comes with the page's own address, `?token=T`; from there it moves into the tab's session,
// so that it survives a refresh and yet is in no address that is shown, copied or kept in history.

/** What is used of window.location, window.history and window.sessionStorage. */
export interface Place {
  readonly href: string;
}
export interface Past {
  replaceState(data: unknown, unused: string, url: string): void;
}
export interface Memory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * The token of the page's address, else the one that this tab has had before, else ''. Where the
 * tab may remember nothing, the address keeps it: a refresh matters more.
 */
export function take_token(place: Place, past: Past, memory: () => Memory): string {
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

/**
 * Why the stream is refused, for people. A browser does not tell a page the status of a refused
 * WebSocket, so this is concluded from the status of an ordinary request beside it.
 */
export function refusal_reason(status: number, base: string, token: string): string {
  const page = new URL('.', base);
  switch (status) {
    case 200:
      return (
        'the dashboard is there but refuses this stream: it may have all the clients it takes ' +
        `(--max-clients), not know this page (--origin ${page.origin}), or stand behind a proxy ` +
        'that passes no WebSockets on'
      );
    case 401:
      return token === ''
        ? `the dashboard wants a token: open ${page.href}?token=...`
        : `the dashboard does not take this token: open ${page.href}?token=... with the right one`;
    case 403:
    case 421:
      return `the dashboard does not know this page: start it with --origin ${page.origin}`;
    case 502:
    case 504:
      return 'the proxy does not reach the dashboard';
    case 429:
    case 503:
      return 'the dashboard has all the clients it takes (--max-clients); this page tries again';
    default:
      return `the dashboard answers with status ${status}`;
  }
}
