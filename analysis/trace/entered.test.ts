import { describe, expect, test } from '@jest/globals';
import { recognize } from '../evidence-kinds.ts';
import { enteredAt } from './entered.ts';
import { readSpans, readTraces } from './read.ts';
import { jaegerAnswer, otlp, tempoTrace, tempoTraceV2, traceId, type FixtureSpan, type FixtureTrace } from '../testing/traces.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const staging = { namespace: 'shop-staging', deployment: 'api' };
const production = { namespace: 'shop', deployment: 'api' };
const root = (more: Partial<FixtureSpan> = {}): FixtureSpan => ({ id: 1, name: 'GET /', fromMs: 0, toMs: 10, ...more });
const below = (parent: number, more: Partial<FixtureSpan> = {}): FixtureSpan => ({ ...root({ id: parent + 1, parent, ...more }) });

/** Ids of the traces kept of those with these spans, and what is told of them. */
function kept(...traces: FixtureSpan[][]) {
  const given = traces.map((spans, index): FixtureTrace => ({ id: index + 1, spans }));
  const { spans, ...told } = enteredAt(readSpans(bytes(otlp(given))), 'api', staging);
  return { ...told, kept: [...new Set(spans.map((span) => Number(span.traceId)))] };
}

describe('traces of the load', () => {
  test('are those that entered at the Deployment under load', () => {
    expect(kept([root(staging)], [root(production)])).toEqual({ kept: [1], traces: 1, elsewhere: 1, unmarked: 0 });
  });

  test('are not those of another Deployment in the same namespace', () => {
    expect(kept([root({ ...staging, deployment: 'api-canary' })])).toMatchObject({ kept: [], elsewhere: 1 });
    expect(kept([root({ namespace: staging.namespace })])).toMatchObject({ kept: [1], unmarked: 0 });
  });

  test('are kept where spans do not say where they were made, and counted', () => {
    expect(kept([root()], [root()], [root(production)])).toEqual({ kept: [1, 2], traces: 2, elsewhere: 1, unmarked: 2 });
  });

  test('may come through an ingress of another namespace', () => {
    const ingress = root({ service: 'ingress', namespace: 'ingress-nginx' });
    expect(kept([ingress, below(1, staging)], [ingress, below(1, production)])).toMatchObject({ kept: [1], elsewhere: 1 });
  });

  test('are not those of a production pod that calls staging', () => {
    const call = below(1, { service: 'pricing', namespace: 'shop' });
    expect(kept([root(production), call, below(2, staging)])).toMatchObject({ kept: [], elsewhere: 1 });
  });

  test('are found by their root where the service has no span in them', () => {
    const other = { service: 'pricing' };
    expect(kept([root({ ...other, ...production })], [root({ ...other, ...staging })])).toMatchObject({ kept: [2], elsewhere: 1 });
  });

  test('are found also where parents form a circle', () => {
    expect(kept([root({ parent: 2, ...staging }), below(1, { ...staging, service: 'pricing' })])).toMatchObject({ kept: [1] });
  });
});

describe('the forms of trace stores', () => {
  const traces: FixtureTrace[] = [1, 2, 3].map((id) => ({ id, spans: [root(staging), below(1, { ...production, system: 'redis' })] }));
  const forms = {
    'OTLP JSON': otlp(traces),
    'Jaeger JSON': jaegerAnswer(traces),
    'answers of Tempo, one a line': `${traces.map(tempoTrace).join('\n')}\n`,
    'answers of Tempo, second version, one a line': `${traces.map(tempoTraceV2).join('\n')}\n`,
  };

  test.each(Object.entries(forms))('say the same as %s', (_, text) => {
    expect(recognize(bytes(text))).toBe('traces');
    const spans = readSpans(bytes(text));
    expect(spans.map(({ namespace, deployment }) => [namespace, deployment])).toEqual(
      traces.flatMap(() => [
        ['shop-staging', 'api'],
        ['shop', 'api'],
      ]),
    );
    expect(readTraces(bytes(text))).toEqual(readTraces(bytes(forms['OTLP JSON'])));
    expect(readTraces(bytes(text)).traceIds).toEqual([1, 2, 3].map(traceId));
  });

  test('may stand in one file together, a span in two of them counting once', () => {
    const mixed = [tempoTrace(traces[0] as FixtureTrace), tempoTraceV2(traces[1] as FixtureTrace), otlp(traces), jaegerAnswer(traces)];
    const read = readTraces(bytes(mixed.join('\n')));
    expect([read.traces, read.count, read.duplicates]).toEqual([3, 6, 10]);
  });

  test('name the line that is cut off', () => {
    const text = `${tempoTrace(traces[0] as FixtureTrace)}\n${tempoTrace(traces[1] as FixtureTrace).slice(0, 100)}`;
    expect(() => readTraces(bytes(text))).toThrow('line 2: not a JSON document; the file is truncated or damaged');
  });
});
