// The colour of each label. Twelve hues picked to stay apart on a dark ground, then hues by the
// golden angle. The shader holds one table of kSlots colours; slot 0 is "no label".

export const kSlots = 32;

const kNone = '#7d8797';
const kPicked = [
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

/** Labels are integers, -1 if there is none. */
export function slot_of_label(label: number): number {
  return label < 0 ? 0 : 1 + (label % (kSlots - 1));
}

export function colour_of_slot(slot: number): string {
  if (slot === 0) return kNone;
  const picked = kPicked[slot - 1];
  if (picked !== undefined) return picked;
  const hue = (slot * kGoldenAngleDegrees) % 360;
  return hex_colour(hue, slot % 2 === 0 ? 0.62 : 0.74);
}

export function name_of_label(label: number): string {
  return label < 0 ? 'none' : String(label);
}

/** `#rrggbb` as three numbers from 0 to 1, for the shader. */
export function rgb_of_hex(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

function hex_colour(hue: number, lightness: number): string {
  const saturation = 0.75;
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (n: number): string => {
    const k = (n + hue / 30) % 12;
    const value = lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
