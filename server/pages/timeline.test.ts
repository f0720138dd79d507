import { EXAMPLE_NOW, waitingStatus } from '../testing/example-status.ts';
import { timeline } from './timeline.ts';

const nowMs = Date.parse(EXAMPLE_NOW);

describe('the timeline', () => {
  it('says of a hold what all else says of it, and not "stopped", which is a no-go', () => {
    const held = timeline({ ...waitingStatus, holds: [{ since: EXAMPLE_NOW, by: 'Li Wei', reason: 'odd' }] }, nowMs).toString();
    expect(held).toMatch(/<text class="now"[^>]*>on hold<\/text>/);
    expect(held).not.toContain('stopped');
    expect(timeline(waitingStatus, nowMs).toString()).toMatch(/<text class="now"[^>]*>now<\/text>/);
  });
});
