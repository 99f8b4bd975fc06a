// What the viewer chose to see.

export type ColourBy = 'phase' | 'prediction';
export type Split = 'both' | 'train' | 'test';

export interface View {
  colour_by: ColourBy;
  split: Split;
  /** Diameter of a point in CSS pixels at the middle of the scatter. */
  point_size: number;
  /** One bit per slot of the palette. */
  hidden: number;
  /** Names of sources that are switched off. */
  readonly hidden_sources: Set<string>;
}

export function default_view(): View {
  return {
    colour_by: 'phase',
    split: 'both',
    point_size: 5,
    hidden: 0,
    hidden_sources: new Set(),
  };
}
