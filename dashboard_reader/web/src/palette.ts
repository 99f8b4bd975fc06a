// The colour of each label: a grey for "no label", which is slot 0, then twelve hues picked to stay
// apart on a dark ground, then hues by the golden angle. The shader holds the same table.
import { Color, SRGBColorSpace } from 'three';

export const kSlots = 32;

const kPicked = [
  '#7d8797',
  '#4cc9f0',
  '#ffb454',
  '#7ee787',
  '#ff6b8b',
  '#b794f6',
  '#f7e463',
  '#2dd4bf',
  '#ff8f5e',
  '#6f9bff',
  '#e78bf0',
  '#b5e853',
  '#f5b8c9',
];
const kGoldenAngleDegrees = 137.508;

/** Of each slot, as `#rrggbb`. */
export const kColours = Array.from({ length: kSlots }, (_, slot) => {
  const hue = ((slot * kGoldenAngleDegrees) % 360) / 360;
  const lightness = slot % 2 === 0 ? 0.62 : 0.74;
  const other = new Color().setHSL(hue, 0.75, lightness, SRGBColorSpace);
  return kPicked[slot] ?? `#${other.getHexString()}`;
});

/** Labels are integers, -1 if there is none. */
export function slot_of_label(label: number): number {
  return label < 0 ? 0 : 1 + (label % (kSlots - 1));
}

export function name_of_label(label: number): string {
  return label < 0 ? 'none' : String(label);
}
