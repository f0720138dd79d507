import { EXAMPLE_NOW, waiting } from '../../workflows/testing/example-status.ts';
import { timeline } from './timeline.ts';

const nowMs = Date.parse(EXAMPLE_NOW);

describe('the timeline', () => {
  it('says of a hold what all else says of it, and not "stopped", which is a no-go', () => {
    const held = timeline({ ...waiting, holds: [{ since: EXAMPLE_NOW, by: 'Li Wei', reason: 'odd' }] }, nowMs).toString();
    expect(held).toMatch(/<text class="now"[^>]*>on hold<\/text>/);
    expect(held).not.toContain('stopped');
    expect(timeline(waiting, nowMs).toString()).toMatch(/<text class="now"[^>]*>now<\/text>/);
  });
});
