// Fetches a file whole, or says why it did not come. A server that has gone silent is not waited
// for: the page keeps the names of all live episodes while a fit may still come.
import { FitFault } from './fit_columns';

const kSilenceS = 15;
const kNoContent = 204;

export type Fetch = (address: string, signal: AbortSignal) => Promise<Response>;

export const fetch_anew: Fetch = (address, signal) =>
  fetch(address, {
    // The copy that the browser has is used only once the server has said that it is the newest.
    cache: 'no-cache',
    credentials: 'same-origin',
    // A redirect must not lead where `?fit=` may not.
    mode: 'same-origin',
    signal,
  });

/** The status, and the file, which is empty unless the status is one of success. */
export async function fetch_whole(address: string, get: Fetch) {
  const silence = new AbortController();
  const { signal } = silence;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait_on = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), kSilenceS * 1000);
  };
  let fault = 'no answer, or one that leads away from this page';
  try {
    wait_on();
    const answer = await get(address, signal);
    const { status, ok, headers } = answer;
    fault = 'the answer was cut off';
    // Chromium makes a stream of no bytes, too, and where a script has read it to its end counts the
    // request as aborted, now and then, before it has ended by itself.
    const is_empty = status === kNoContent || headers.get('content-length') === '0';
    if (!ok || is_empty || answer.body === null) {
      await answer.arrayBuffer();
      return { status, file: new ArrayBuffer(0) };
    }
    const watch = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(bytes, to) {
        wait_on();
        to.enqueue(bytes);
      },
    });
    const watched = new Response(answer.body.pipeThrough(watch, { signal }));
    return { status, file: await watched.arrayBuffer() };
  } catch {
    throw new FitFault(signal.aborted ? `nothing has come for ${kSilenceS} s` : fault);
  } finally {
    clearTimeout(timer);
  }
}
