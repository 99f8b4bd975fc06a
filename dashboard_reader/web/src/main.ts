// Ties the page together: the stream fills the model, and once a frame, if anything changed, the
// scene and the HUD follow.
import { take_token } from './access';
import { load_fit } from './fit_source';
import { Hud } from './hud';
import { Model } from './model';
import { ScatterScene } from './scene';
import { Stream } from './stream';
import { summarise } from './summary';
import { default_view } from './view';

const kSummaryEveryMs = 400;
const kClockEveryMs = 500;
// Opening WebGL and drawing half a replay would hold up the rest of it on the same thread, so the
// first picture waits for the replay to end, but not longer than this.
const kFirstPictureMs = 500;

const view = default_view();
const model = new Model();
let frame_asked = false;
let draw_due = true;
let summary_due = true;
let summary_at_ms = -Infinity;
let summary_timer: ReturnType<typeof setTimeout> | undefined;

/** The HUD has something to say. */
function ask_hud(): void {
  if (frame_asked) return;
  frame_asked = true;
  requestAnimationFrame(draw_frame);
}

/** The scatter looks different. */
function ask_frame(): void {
  draw_due = true;
  ask_hud();
}

function data_changed(): void {
  summary_due = true;
  ask_frame();
}

const page = window.location.href;
const token = take_token(window.location, window.history, () => window.sessionStorage);
const stream = new Stream({ base: document.baseURI, token, model, changed: ask_hud });
const hud = new Hud(view, {
  view_changed: () => {
    summary_at_ms = -Infinity; // The legend follows at once.
    data_changed();
  },
  reset_camera: () => scene?.reset_camera(),
  acknowledged: () => {
    model.notices.acknowledge();
    ask_hud();
  },
});
const started_at_ms = performance.now();
let scene: ScatterScene | null = null;
let scene_opened = false;

function open_scene(): ScatterScene | null {
  try {
    return new ScatterScene(
      document.getElementById('scatter') as HTMLCanvasElement,
      ask_frame,
      scene_lost,
    );
  } catch (error) {
    hud.no_scene(error instanceof Error ? error.message : String(error));
    return null;
  }
}

function scene_lost(is_lost: boolean): void {
  hud.no_scene(is_lost ? 'the browser lost the graphics device, and may get it back' : '');
  if (!is_lost) model.report('the graphics device was lost; the scatter is drawn again');
  ask_hud();
}

function draw_frame(): void {
  frame_asked = false;
  const now_ms = performance.now();
  const stores = model.stores_without(view.hidden_sources);
  if (model.changed) {
    model.changed = false;
    summary_due = true;
    draw_due = true;
  }
  if (summary_due) {
    const wait_ms = summary_at_ms + kSummaryEveryMs - now_ms;
    if (wait_ms <= 0) {
      summary_due = false;
      summary_at_ms = now_ms;
      const summary = summarise(stores, view.colour_by);
      hud.show_summary(summary);
      if (summary.box !== null) scene?.frame(summary.box);
    } else {
      clearTimeout(summary_timer);
      summary_timer = setTimeout(ask_hud, wait_ms);
    }
  }
  hud.show(stream, model, now_ms);
  if (!scene_opened) {
    const waits = stream.replay_ms < 0 && model.fit.store.present === 0;
    if (waits && now_ms - started_at_ms < kFirstPictureMs) return;
    scene_opened = true;
    scene = open_scene();
    summary_due = true;
    summary_at_ms = -Infinity;
    ask_frame();
    return;
  }
  if (!draw_due) return;
  draw_due = false;
  scene?.draw(stores, view);
}

// Ages and countdowns change by themselves.
setInterval(ask_hud, kClockEveryMs);
// Back from no network, from a sleep or from another tab: no need to sit out the wait.
window.addEventListener('online', () => stream.hurry());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') stream.hurry();
});

stream.connect();
load_fit(page, document.baseURI, token)
  .then((found) => {
    model.fit.show(found?.fit ?? null);
    hud.other_fit(found?.note ?? '');
  })
  .catch((error: unknown) => {
    model.fit.show(null);
    hud.no_fit(error instanceof Error ? error.message : String(error));
  })
  .finally(data_changed);
ask_frame();
setTimeout(ask_frame, kFirstPictureMs);
