// The browser: Debian's Chromium without a screen, drawing WebGL in software, and pages in it that
// keep count of everything that must not happen.
import fs from 'node:fs';
import process from 'node:process';

const kCandidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const kFlags = [
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function chromium_path() {
  const named = process.env.CHROMIUM;
  const found = (named ? [named] : kCandidates).find((file) => fs.existsSync(file));
  if (found !== undefined) return found;
  throw new Error(
    `no Chromium at ${named ?? kCandidates.join(', ')}: install it with "apt-get install ` +
      'chromium", or name one in CHROMIUM',
  );
}

async function load_playwright() {
  try {
    return await import('playwright-core');
  } catch (error) {
    throw new Error('playwright-core is missing: run "npm ci" in tests/browser (needs npm)', {
      cause: error,
    });
  }
}

/** Starts Chromium with a profile of its own, which goes away with it. */
export async function start_chromium() {
  const executablePath = chromium_path();
  const { chromium } = await load_playwright();
  // Chromium's sandbox refuses to work for root.
  const chromiumSandbox = process.getuid() !== 0;
  return chromium.launch({ executablePath, args: kFlags, chromiumSandbox });
}

/**
 * Opens a page. Its `faults` lists errors of scripts and on the console, violations of the
 * Content-Security-Policy, and failed requests; while `outage` is set, it is none that a WebSocket, or
 * the question why, is refused.
 */
export async function open_page(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const watch = { page, context, faults: [], outage: false };
  const fault = (text) => watch.faults.push(text);
  page.on('pageerror', (error) => fault(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const text = message.text();
    if (is_of_software_drawing(text)) return;
    if (watch.outage && /^WebSocket connection to .* failed/.test(text)) return;
    if (watch.outage && message.location().url.includes('/v1/stream')) return;
    fault(`console: ${text}`);
  });
  page.on('requestfailed', (r) => {
    if (watch.outage && r.url().includes('/v1/stream')) return;
    fault(`request: ${r.url()}: ${r.failure()?.errorText}`);
  });
  page.on('response', (r) => {
    if (watch.outage && r.url().includes('/v1/stream')) return;
    if (r.status() >= 400) fault(`response: ${r.url()}: ${r.status()}`);
  });
  // Reported to the page's own scripts only.
  await page.exposeBinding('tell_violation', (_, text) => fault(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.tell_violation(`${event.effectiveDirective} refuses ${event.blockedURI}`);
    });
    // How each connection that was open ended: the HUD shows the newest reason only.
    window.close_codes = [];
    window.WebSocket = class extends WebSocket {
      constructor(...address) {
        super(...address);
        let opened = false;
        this.addEventListener('open', () => (opened = true));
        this.addEventListener('close', ({ code }) => opened && window.close_codes.push(code));
      }
    };
  });
  await page.goto(url);
  return watch;
}

/** Chromium remarks that reading back a picture from software GL is slow: so are screenshots. */
function is_of_software_drawing(text) {
  return /GPU stall due to ReadPixels/.test(text);
}
