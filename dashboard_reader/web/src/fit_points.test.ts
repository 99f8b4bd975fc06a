// How the points of a saved fit give way to those of the stream.
import { describe, expect, it } from 'vitest';
import { columns, json } from './build_fits';
import { FitPoints } from './fit_points';
import { decode_fit } from './saved_fit';

describe('the points of a saved fit', () => {
  it('go by episode as the stream brings them, and all of them after a whole cycle', async () => {
    const fit = new FitPoints();
    fit.came_live('episode-2'); // before the file
    fit.show(await decode_fit(json(columns(9))));
    expect(fit.store.present).toBe(6);
    fit.came_live('episode-0');
    fit.came_live('episode-0');
    fit.came_live('of no file');
    expect(fit.store.present).toBe(3);
    expect(fit.listens).toBe(true);
    fit.end();
    expect(fit.store.present).toBe(0);
    expect(fit.listens).toBe(false);
  });

  it('are not shown when a whole cycle was faster', async () => {
    const fit = new FitPoints();
    fit.end();
    fit.show(await decode_fit(json(columns(9))));
    expect(fit.store.present).toBe(0);
  });
});
