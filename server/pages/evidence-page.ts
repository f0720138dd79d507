// One piece of evidence: what it is, its picture, its figures, and the way to the bytes themselves.
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { Visitor } from '../api/route.ts';
import type { Figures } from '../evidence-figures.ts';
import { markup, nothing, type Markup } from '../markup.ts';
import { dataTable } from '../plot/table.ts';
import { evidenceLink, findingsTable } from './findings-table.ts';
import { page } from './layout.ts';
import { timeTag } from './times.ts';

export interface EvidenceView {
  release: string;
  where: string;
  ref: EvidenceRef;
  /** A sentence where it could not be read. */
  figures: Figures | string;
  /** Path of the flame graph's root, for the way back. */
  at: string;
  /** Earlier evidence of the same kind and source to compare with. */
  others: readonly EvidenceRef[];
  before: EvidenceRef | null;
  visitor: Visitor | null;
}

export function evidencePage(view: EvidenceView): Markup {
  const { release, where, ref, figures, at, others, before, visitor } = view;
  const title = `${ref.kind.replaceAll('-', ' ')} of ${ref.source}`;
  const here = `/r/${release}/evidence/${ref.digest}`;
  const isProfile = ref.kind.endsWith('-profile');
  return page(
    { title: `${title} · ${release}`, visitor, scripts: isProfile ? ['flame.js'] : [] },
    markup`<nav class="crumbs" aria-label="Where this is"><a href="/r/${release}">${release}</a> / ${where}</nav>
    <h1>${title}</h1>
    <section class="card" aria-labelledby="what">
      <h2 id="what">The bytes</h2>
      <dl class="facts">
        <div><dt>captured</dt><dd>${timeTag(ref.capturedAt)}</dd></div>
        <div><dt>size</dt><dd><span class="number">${ref.sizeBytes.toLocaleString('en-US')}</span> bytes</dd></div>
        <div><dt>digest</dt><dd><code class="digest">${ref.digest}</code></dd></div>
      </dl>
      <p><a href="/api/v1/evidence/${ref.digest}">Save the bytes</a>${
        isProfile
          ? markup` · <a href="/assets/speedscope/index.html#profileURL=${encodeURIComponent(`/api/v1/evidence/${ref.digest}`)}&title=${encodeURIComponent(title)}">Open in speedscope</a>`
          : nothing
      }</p>
    </section>
    ${typeof figures === 'string' ? markup`<p class="notice no-go" role="alert">${figures}</p>` : body(figures)}`,
  );

  function body({ picture, analysis: { findings, facts, tables } }: Figures): Markup {
    return markup`${
      findings.length === 0
        ? nothing
        : markup`<section class="card" aria-labelledby="found"><h2 id="found">What it says</h2>${findingsTable(findings, 'Findings', evidenceLink)}</section>`
    }
    ${facts.length === 0 ? nothing : markup`<section class="card" aria-labelledby="facts"><h2 id="facts">In figures</h2><dl class="facts">${facts.map(({ subject, text }) => markup`<div><dt>${subject}</dt><dd>${text}</dd></div>`)}</dl></section>`}
    ${picture === null ? nothing : markup`<section class="card" aria-labelledby="picture"><h2 id="picture">${pictureTitle()}</h2>${isProfile ? flameHelp() : nothing}${picture}</section>`}
    ${tables.map((table, i) => markup`<section class="card" aria-labelledby="table-${i}"><h2 id="table-${i}">${table.title}</h2>${dataTable(table, 'unseen')}</section>`)}`;
  }

  function pictureTitle(): string {
    if (isProfile) return before === null ? 'Flame graph' : 'Flame graph, compared';
    return ref.kind === 'traces' ? 'A slow trace' : 'Plan';
  }

  function flameHelp(): Markup {
    return markup`<p class="quiet">Width is time, callers stand above. Arrow keys move between frames, Enter makes a frame the root.${at === '' ? nothing : markup` <a href="${here}${before === null ? '' : `?before=${before.digest}`}">Show all</a>`}</p>
    ${before === null ? nothing : markup`<p>Compared with ${evidenceName(before)}: <span class="legend more">orange</span> has grown, <span class="legend less">blue</span> has shrunk, of equal totals. <a href="${here}">Do not compare</a></p>`}
    ${
      before !== null || others.length === 0
        ? nothing
        : markup`<details><summary>Compare with another profile</summary><ul>${others.map((other) => markup`<li><a href="${here}?before=${other.digest}">${evidenceName(other)}</a></li>`)}</ul></details>`
    }`;
  }
}

const evidenceName = ({ source, capturedAt }: EvidenceRef): string => `${source}, ${capturedAt.replace('T', ' ').slice(0, 19)} UTC`;
