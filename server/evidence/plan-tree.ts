// A query plan as nested lists, with the exclusive time of each node as a bar.
import { exclusiveTimes } from '../../analysis/postgres/exclusive.ts';
import { estimateFactor } from '../../analysis/postgres/plan-figures.ts';
import { titleOf, type Plan, type PlanNode } from '../../analysis/postgres/plan.ts';
import { markup, nothing, type Markup } from './markup.ts';
import { count, latency, share as shareText } from '../../verdict/wording/index.ts';

/** Thresholds of a coloured share of time and of a wrong estimate. */
const MUCH = 0.4;
const SOME = 0.1;
const OFF = 10;
const BAR = 120;

export function planTree(plan: Plan): Markup {
  const own = exclusiveTimes(plan);
  const whole = plan.executionMs ?? plan.root.actualMs ?? 0;
  return markup`<ul class="plan">${item(plan.root)}</ul>`;

  function item(node: PlanNode): Markup {
    const ownMs = own.get(node) ?? null;
    const share = ownMs === null || whole === 0 ? null : Math.min(1, ownMs / whole);
    const factor = estimateFactor(node);
    const rows = (node.actualRows ?? 0) * (node.loops ?? 0);
    const removed = node.rowsRemoved * (node.loops ?? 0);
    const words = [
      node.loops === 0 ? 'never executed' : '',
      node.actualRows === null ? '' : `${count(rows)} rows`,
      removed > 0 ? `${count(removed)} removed by filter` : '',
      factor !== null && factor > OFF ? `planned ${count((node.planRows ?? 0) * (node.loops ?? 1))}` : '',
      node.spills ? 'spilled to disk' : '',
    ].filter((word) => word !== '');
    return markup`<li>
      <div class="node">
        ${share === null ? nothing : bar(share)}
        <span><strong>${titleOf(node)}</strong>${node.subplan === null ? nothing : markup` <span class="quiet">${node.subplan}</span>`}${
          ownMs === null ? nothing : markup` <span class="number">${latency(ownMs)}${share === null ? '' : `, ${shareText(share)}`}</span>`
        } <span class="quiet">${words.join(', ')}</span>
        ${Object.entries(node.conditions)
          .filter(([name]) => name !== 'Output')
          .map(([name, text]) => markup`<br /><span class="quiet">${name}</span> <code>${text}</code>`)}</span>
      </div>
      ${node.children.length === 0 ? nothing : markup`<ul>${node.children.map(item)}</ul>`}
    </li>`;
  }
}

function bar(share: number): Markup {
  const tone = share >= MUCH ? 'no-go' : share >= SOME ? 'hold' : 'later';
  const frame = markup`<rect class="frame" width="${BAR}" height="12"></rect>`;
  const fill = markup`<rect class="fill" width="${(share * BAR).toFixed(1)}" height="12"></rect>`;
  return markup`<svg class="bar ${tone}" viewBox="0 0 ${BAR} 12" aria-hidden="true">${frame}${fill}</svg>`;
}
