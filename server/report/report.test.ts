import { verifyChain } from '../../verdict/audit-chain.ts';
import { figuresApart } from '../evidence/figures-apart.ts';
import { EXAMPLE_NOW, EXAMPLE_POINTS_DIGEST, exampleAudit, stopped, waiting } from '../../workflows/testing/example-status.ts';
import { emptyEvidenceFolder, exampleEvidenceFolder } from '../testing/example-evidence-folder.ts';
import { readLatencyPlots } from './latency-plot.ts';
import { renderReport } from './report.ts';

const nowMs = Date.parse(EXAMPLE_NOW);
const noPlots = { plots: [], missing: [] };

describe('the report', () => {
  it('refers to nothing outside itself', async () => {
    const plots = await readLatencyPlots(waiting, figuresApart(exampleEvidenceFolder().folder).endpoints);
    const text = renderReport({ status: waiting, audit: exampleAudit, plots, nowMs });
    expect(text).not.toMatch(/https?:\/\//);
    expect(text).not.toMatch(/\b(?:src|href|action|xlink:href)=/);
    expect(text).not.toMatch(/@import|url\(/);
    expect(text).not.toContain('<script');
    expect(text).toContain(`http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;`);
  });

  it('draws each endpoint with its limit, and gives the same numbers as a table', async () => {
    const plots = await readLatencyPlots(waiting, figuresApart(exampleEvidenceFolder().folder).endpoints);
    expect(plots.plots.map(({ endpoint, limitMs }) => [endpoint.endpoint, limitMs])).toEqual([
      ['GET /api/user/profile', 300],
      ['POST /api/order/create', 300],
    ]);
    const text = renderReport({ status: waiting, audit: exampleAudit, plots, nowMs });
    expect(text.match(/<svg class="plot"/g)).toHaveLength(2);
    expect(text.match(/limit 300 ms<\/text>/g)).toHaveLength(2);
    expect(text.match(/<caption>POST \/api\/order\/create over time/g)).toHaveLength(1);
    expect(text).toContain('600 requests, 0 failed');
  });

  it('says so when the points of a load test cannot be read, and leaves the rest as it is', async () => {
    const folder = emptyEvidenceFolder();
    const plots = await readLatencyPlots(waiting, figuresApart(folder).endpoints);
    const text = renderReport({ status: waiting, audit: exampleAudit, plots, nowMs });
    expect(plots.missing).toMatchObject([{ digest: EXAMPLE_POINTS_DIGEST }]);
    expect(text).toContain(`could not be read (There is no evidence ${EXAMPLE_POINTS_DIGEST} in ${folder}.)`);
    expect(text).toContain('4 records form an unbroken hash chain');
  });

  it('names every digest in full, so that the evidence can be found again', () => {
    expect(renderReport({ status: waiting, audit: exampleAudit, plots: noPlots, nowMs })).toContain(
      `<code class="digest">${EXAMPLE_POINTS_DIGEST}</code>`,
    );
  });

  it('tells an audit whose tail was cut off from a whole one', () => {
    const cut = exampleAudit.slice(0, -1);
    expect(verifyChain(cut).ok).toBe(true);
    expect(renderReport({ status: waiting, audit: cut, plots: noPlots, nowMs })).toContain(
      'The hash chain is broken: the chain ends at record 3',
    );
  });

  it('puts the verdict and its reason first', () => {
    const text = renderReport({ status: { ...stopped, rehearsal: false }, audit: exampleAudit, plots: noPlots, nowMs });
    const [, body = ''] = text.split('<main id="main">');
    expect(body.indexOf('p99 of POST /api/order/create is 734 ms, limit 300 ms')).toBeLessThan(body.indexOf('class="ticker"'));
    expect(text).not.toContain('Rehearsal');
  });
});
