// A flame graph as SVG, roots on top. Every frame links to itself as the new root, so zooming needs no script; `assets/flame.js` adds arrow
// keys and search.
import { spansOf, type FlameNode } from '../../analysis/profile/flame.ts';
import { shortName } from '../../analysis/profile/names.ts';
import { markup, nothing, type Markup } from './markup.ts';
import { amount, share } from '../../verdict/wording/index.ts';

export interface FlameGraph {
  /** Text for screen readers. */
  summary: string;
  tree: FlameNode;
  /** `s`, `MB`; values are divided by `divisor` first. */
  unit: string;
  divisor: number;
  /** Address of the page with the frame at this path (`0.2.1`) as its root; null draws frames without links. */
  linkOf: ((path: string) => string) | null;
  /** Path of the root. */
  at: string;
}

/** Id of the top frame. */
export const FLAME_ROOT = 'flame-root';

const WIDTH = 1_200;
const ROW = 20;
/** Deeper frames are reached by zooming. */
const ROWS = 48;
const NARROWEST = 1.2;
const CHARACTER = 6.6;
/** Relative change at which a frame gets the strongest colour. */
const STRONGEST = 0.1;
const SHADES = 4;

/** The node at a path of child indices, or null where there is none. */
function nodeAt(tree: FlameNode, path: string): FlameNode | null {
  return path
    .split('.')
    .filter((step) => step !== '')
    .reduce<FlameNode | null>((node, step) => node?.children[Number(step)] ?? null, tree);
}

export function flameGraph({ summary, tree, unit, divisor, linkOf, at }: FlameGraph): Markup {
  const zoomed = nodeAt(tree, at);
  const [root, from] = zoomed === null ? [tree, ''] : [zoomed, at];
  const total = Math.abs(tree.value) || 1;
  const spanOf = spansOf(root);
  const frames: Markup[] = [];
  let deepest = 0;
  const draw = (node: FlameNode, path: string, x: number, width: number, row: number): void => {
    if (width < NARROWEST || row >= ROWS) return;
    deepest = Math.max(deepest, row);
    frames.push(frame(node, path, x, width, row));
    let left = x;
    node.children.forEach((child, i) => {
      const share = spanOf(node) === 0 ? 0 : (spanOf(child) / spanOf(node)) * width;
      draw(child, path === '' ? String(i) : `${path}.${i}`, left, share, row + 1);
      left += share;
    });
  };
  draw(root, from, 0, WIDTH, 0);
  const up = linkOf === null || from === '' ? nothing : markup`data-up="${linkOf(from.split('.').slice(0, -1).join('.'))}"`;
  // Scrolls sideways on a phone. With links the frames themselves take the focus.
  const scroll = linkOf === null ? markup`tabindex="0" role="group" aria-label="Flame graph"` : nothing;
  return markup`<div class="scroll" ${scroll}><svg class="flame" viewBox="0 0 ${WIDTH} ${(deepest + 1) * ROW}" role="group"
    aria-label="${summary}" ${up}>${frames}</svg></div>`;

  function frame(node: FlameNode, path: string, x: number, width: number, row: number): Markup {
    const letters = Math.floor((width - 6) / CHARACTER);
    const name = shortName(node.name);
    const text = letters < 3 ? '' : name.slice(0, letters);
    const label = `${node.name}: ${valueText(node)}`;
    const place = markup`x="${x.toFixed(1)}" y="${row * ROW}" width="${Math.max(0.5, width - 0.6).toFixed(1)}" height="${ROW - 1}"`;
    const inside = markup`<title>${label}</title><rect class="${shadeOf(node, total)}" ${place}></rect>${
      text === '' ? nothing : markup`<text aria-hidden="true" x="${(x + 4).toFixed(1)}" y="${row * ROW + 14}">${text}</text>`
    }`;
    if (linkOf === null) return markup`<g>${inside}</g>`;
    // The title has the full name; the drawn text may be truncated.
    const id = row === 0 ? markup`id="${FLAME_ROOT}"` : nothing;
    return markup`<a ${id} href="${linkOf(path)}" tabindex="${row === 0 ? 0 : -1}" data-row="${row}">${inside}</a>`;
  }

  function valueText({ value, before }: FlameNode): string {
    const own = `${amount(value / divisor, unit)}, ${share(value / total)}`;
    if (before === undefined) return own;
    const change = `${value >= before ? 'more' : 'less'} by ${share(Math.abs(value - before) / total)} of all`;
    return `${own}; before ${amount(before / divisor, unit)}, so ${change}`;
  }
}

/** One of eight hues by package; in a comparison blue for less and orange for more. */
function shadeOf({ name, value, before }: FlameNode, total: number): string {
  if (before !== undefined) {
    const change = (value - before) / total;
    const shade = Math.min(SHADES, Math.round((Math.abs(change) / STRONGEST) * SHADES));
    return shade === 0 ? 'same' : `${change > 0 ? 'more' : 'less'}-${shade}`;
  }
  let hash = 0;
  for (const letter of name.slice(0, name.indexOf('.', name.lastIndexOf('/') + 1))) hash = (hash * 31 + letter.charCodeAt(0)) % 997;
  return `hue-${hash % 8}`;
}
