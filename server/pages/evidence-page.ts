// Page of one piece of evidence: metadata, download, findings, picture and tables.
import type { EvidenceRef, Finding } from '../../verdict/finding.ts';
import { draw } from '../evidence/draw.ts';
import { FLAME_ROOT } from '../evidence/flame-graph.ts';
import { markup, nothing, type Markup } from '../evidence/markup.ts';
import type { Figures, Flame, Picture } from '../evidence/read-figures.ts';
import { dataTable } from '../evidence/table.ts';
import type { EvidenceView } from './evidence-view.ts';
import { count, eventTime } from '../../verdict/wording/index.ts';
import { evidenceLink, findingsTable } from './findings-table.ts';
import { page } from './layout.ts';
import { eventTimeTag } from './time-tags.ts';

export function evidencePage({ release, where, ref, findings, figures, query, others, addressOf, visitor }: EvidenceView): Markup {
  const title = `${ref.kind.replaceAll('-', ' ')} of ${ref.source}`;
  const isProfile = ref.kind.endsWith('-profile');
  const bytesAt = encodeURIComponent(`/api/v1/evidence/${ref.digest}`);
  const before = others.find(({ digest }) => digest === query.before) ?? null;
  return page(
    { title: `${title} · ${release}`, visitor, scripts: isProfile ? ['flame.js', 'sort.js'] : ['sort.js'] },
    markup`<nav class="crumbs" aria-label="Breadcrumbs"><a href="/r/${release}">${release}</a> / ${where}</nav>
    <h1>${title}</h1>
    <section class="card" aria-labelledby="what">
      <h2 id="what">Evidence</h2>
      <dl class="facts">
        <div><dt>captured</dt><dd>${eventTimeTag(ref.capturedAt)}</dd></div>
        <div><dt>size</dt><dd><span class="number">${count(ref.sizeBytes)}</span> bytes</dd></div>
        <div><dt>digest</dt><dd><code class="digest">${ref.digest}</code></dd></div>
      </dl>
      <p><a href="/api/v1/evidence/${ref.digest}">Download</a>${
        isProfile
          ? markup` · <a href="/assets/speedscope/index.html#profileURL=${bytesAt}&title=${encodeURIComponent(title)}">Open in speedscope</a>`
          : nothing
      }</p>
    </section>
    ${findingsSection(findings)}
    ${'unreadable' in figures ? markup`<p class="notice no-go" role="alert">${figures.unreadable}</p>` : body(figures.read)}`,
  );

  function body({ picture, analysis: { facts, tables } }: Figures): Markup {
    return markup`${facts.length === 0 ? nothing : factsSection(facts)}
    ${picture === null ? nothing : pictured(picture)}
    ${tables.map((table, i) => {
      const heading = markup`<h2 id="table-${i}">${table.title}</h2>`;
      return markup`<section class="card" aria-labelledby="table-${i}">${heading}${dataTable(table, 'unseen')}</section>`;
    })}`;
  }

  function pictured(picture: Picture): Markup {
    // With the root as fragment of the address, keyboard focus stays in the graph.
    const linkOf = (at: string) => `${addressOf({ at })}#${FLAME_ROOT}`;
    return markup`<section class="card" aria-labelledby="picture"><h2 id="picture">${titleOf(picture)}</h2>
      ${picture.kind === 'flame' ? flameHelp(picture.flame) : nothing}
      ${draw(picture, { source: ref.source, linkOf, at: query.at })}
    </section>`;
  }

  function flameHelp({ sampleTypes, sampleType, compared }: Flame): Markup {
    return markup`${
      sampleTypes.length < 2
        ? nothing
        : markup`<nav class="choices" aria-label="Sample type">${sampleTypes.map((type) => {
            const current = type === sampleType ? markup`aria-current="page"` : nothing;
            return markup`<a href="${addressOf({ type, at: '' })}" ${current}>${type}</a>`;
          })}</nav>`
    }
    <p class="quiet">Width is ${sampleType}${compared ? ', the larger of both' : ''}; callers are above. ${flameKeys}${
      query.at === '' ? nothing : markup` <a href="${addressOf({ at: '' })}">Show all</a>`
    }</p>
    ${before === null ? nothing : comparison(before, compared)}
    ${
      before !== null || others.length === 0
        ? nothing
        : markup`<details><summary>Compare with another profile</summary><ul>${others.map(
            (other) => markup`<li><a href="${addressOf({ before: other.digest, at: '' })}">${evidenceName(other)}</a></li>`,
          )}</ul></details>`
    }
    ${findBox}`;
  }

  function comparison(earlier: EvidenceRef, compared: boolean): Markup {
    const stop = markup`<a href="${addressOf({ before: null, at: '' })}">Stop comparing</a>`;
    if (!compared) return markup`<p>${evidenceName(earlier)} has no sample of this type to compare with. ${stop}</p>`;
    return markup`<p>Compared with ${evidenceName(earlier)}: ${legend}, scaled to equal totals. ${stop}</p>`;
  }
}

/** What the countdown judged by its limits; the page judges nothing. */
function findingsSection(findings: readonly Finding[]): Markup {
  const content =
    findings.length === 0
      ? markup`<p class="quiet">No finding of this countdown names this evidence.</p>`
      : findingsTable(findings, 'Findings that name this evidence', evidenceLink);
  return markup`<section class="card" aria-labelledby="found"><h2 id="found">Findings</h2>${content}</section>`;
}

function factsSection(facts: Figures['analysis']['facts']): Markup {
  const list = facts.map(({ subject, text }) => markup`<div><dt>${subject}</dt><dd>${text}</dd></div>`);
  return markup`<section class="card" aria-labelledby="facts"><h2 id="facts">Facts</h2><dl class="facts">${list}</dl></section>`;
}

const arrowKeys = markup`Arrow keys move between frames, <kbd>Enter</kbd> makes a frame the root,`;
const otherKeys = markup`<kbd>Escape</kbd> goes back to its caller, <kbd>/</kbd> searches.`;
const flameKeys = markup`${arrowKeys} ${otherKeys}`;

const findInput = markup`<input id="find" type="search" autocomplete="off" spellcheck="false" />`;
const findBox = markup`<p class="find" hidden><label for="find">Find a function</label> ${findInput} <span id="found-frames" role="status"></span></p>`;

const legend = markup`<span class="legend more">orange</span> has grown, <span class="legend less">blue</span> has shrunk`;

function titleOf(picture: Picture): string {
  switch (picture.kind) {
    case 'flame':
      return picture.flame.compared ? 'Flame graph, compared' : 'Flame graph';
    case 'plans':
      return 'Plan';
    case 'trace':
      return 'Slow trace';
  }
}

const evidenceName = ({ source, capturedAt }: EvidenceRef): string => `${source}, ${eventTime(capturedAt)}`;
