// Chromium's own WebSocket as a client of the stream: the same as other clients see.
import { after, before } from 'node:test';
import { describe_modes } from '../clients/modes.js';
import { StreamFollower } from '../clients/stream_follower.js';
import { open_page, start_chromium } from './chromium.js';

let browser;
before(async () => (browser = await start_chromium()));
after(() => browser?.close());

describe_modes('Chromium', async (dashboard, mode, seeds) => {
  // A page of the dashboard's own origin that opens no stream itself.
  const { page, context } = await open_page(browser, `${dashboard.url}healthz`);
  // As text: the Content-Security-Policy of the dashboard lets no foreign script in.
  await page.evaluate(`window.StreamFollower = ${StreamFollower}`);
  await page.evaluate(
    (rest) => (window.follower = new StreamFollower(WebSocket, ...rest)) && null,
    [mode, seeds],
  );
  return {
    call: (name, ...rest) =>
      page.evaluate(([called, given]) => window.follower[called](...given), [name, rest]),
    end: () => context.close(),
  };
});
