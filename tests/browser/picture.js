// What is on the screen, as pixels.
import pngjs from 'pngjs';

const { PNG } = pngjs;
const kBackground = [11, 15, 23];
const kNear = 24;
const kHues = 12;
const kStillTries = 40;

/** The part of the page that shows nothing but the scatter, given the HUD on the left. */
function beside_the_hud(page) {
  const { width, height } = page.viewportSize();
  const hud = width > 640 ? 330 : 0;
  return { x: hud, y: 0, width: width - hud, height };
}

export async function take_picture(page, clip = beside_the_hud(page)) {
  return PNG.sync.read(await page.screenshot({ clip, animations: 'disabled' }));
}

/** A picture once nothing moves any more: two in a row are the same. */
export async function take_still(page, clip) {
  let before = await take_picture(page, clip);
  for (let tries = 0; tries < kStillTries; tries += 1) {
    await page.waitForTimeout(60);
    const after = await take_picture(page, clip);
    if (after.data.equals(before.data)) return after;
    before = after;
  }
  throw new Error('the picture does not come to rest');
}

/** The share of pixels in which two pictures differ visibly. */
export function difference(one, other) {
  if (one.width !== other.width || one.height !== other.height) return 1;
  let differing = 0;
  for (let at = 0; at < one.data.length; at += 4) {
    let apart = 0;
    for (let c = 0; c < 3; c += 1) apart += Math.abs(one.data[at + c] - other.data[at + c]);
    if (apart > kNear) differing += 1;
  }
  return differing / (one.data.length / 4);
}

/**
 * What a picture is made of: the share of pixels that are not background, the box around them in
 * shares of the picture, and how many of twelve hues cover at least a fiftieth of what is lit.
 */
export function describe(picture) {
  const { data, width, height } = picture;
  const hues = new Array(kHues).fill(0);
  const box = { left: 1, right: 0, top: 1, bottom: 0 };
  let lit = 0;
  for (let at = 0; at < data.length; at += 4) {
    const rgb = [data[at], data[at + 1], data[at + 2]];
    if (rgb.every((value, c) => Math.abs(value - kBackground[c]) < kNear)) continue;
    lit += 1;
    const x = ((at / 4) % width) / width;
    const y = Math.floor(at / 4 / width) / height;
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
    const hue = hue_of(rgb);
    if (hue !== null) hues[Math.floor(hue * kHues) % kHues] += 1;
  }
  return {
    lit: lit / (data.length / 4),
    hues: hues.filter((count) => count * 50 >= lit && count > 0).length,
    box,
  };
}

/** From 0 to 1; null for a grey. */
function hue_of([red, green, blue]) {
  const high = Math.max(red, green, blue);
  const span = high - Math.min(red, green, blue);
  if (span < kNear) return null;
  let sixth = 4 + (red - green) / span;
  if (high === red) sixth = (green - blue) / span + 6;
  else if (high === green) sixth = 2 + (blue - red) / span;
  return (sixth % 6) / 6;
}
