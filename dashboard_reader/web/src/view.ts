// What the viewer chose to see.

export type ColourBy = 'phase' | 'prediction';
export type Split = 'both' | 'train' | 'test';

export type View = ReturnType<typeof default_view>;

export function default_view() {
  return {
    colour_by: 'phase' as ColourBy,
    split: 'both' as Split,
    /** Diameter of a point in CSS pixels at the middle of the scatter. */
    point_size: 5,
    /** One bit per slot of the palette. */
    hidden: 0,
    /** Names of sources that are switched off. */
    hidden_sources: new Set<string>(),
  };
}
