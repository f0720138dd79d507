// Traces out of the three forms they come in: OTLP JSON, Jaeger JSON (file or query answer), and what Tempo answers, which is OTLP in a wrapper.
import { UnreadableEvidence } from '../analysis.ts';
import { gunzipBounded } from '../bytes/gunzip.ts';
import { columnsOf, type Category, type Kind, type SpanRecord, type Spans } from './spans.ts';
import { endingOf } from './status.ts';

const WAY_OUT = 'hand in OTLP JSON, the answer of Jaeger’s /api/traces, or that of Tempo’s /api/traces/ID';
/** Numbers of 16 digits and more that stand bare: JSON.parse would round them. */
const BARE_NANOS = /("(?:start|end)TimeUnixNano"\s*:\s*)(\d{16,})/g;
const NANOS_DIGITS = 9;

/**
 * Bytes, text, objects and columns of JSON are in memory together at the peak, seven times its size: 700 MB for 96 MB (100,000 spans with a
 * dozen attributes, 300,000 with few), 1.5 GB for 250 MB, measured with Node 24. 2,000 traces of a load test have 20 MB.
 */
const LARGEST_BYTES = 96 * 1024 * 1024;

/** Reads traces, gzip or not. Throws UnreadableEvidence with the place at which they stop being that. */
export function readTraces(bytes: Uint8Array): Spans & { doubled: number } {
  const text = new TextDecoder().decode(gunzipBounded(bytes, LARGEST_BYTES));
  const records: SpanRecord[] = [];
  for (const [index, document] of documentsOf(text).entries()) readDocument(document, index, records);
  if (records.length === 0) throw new UnreadableEvidence('there is no span in it', 'the whole file', WAY_OUT);
  return columnsOf(records);
}

/** One JSON document, or one a line as collectors write files. */
function documentsOf(text: string): unknown[] {
  const exact = text.replace(BARE_NANOS, '$1"$2"');
  try {
    return [JSON.parse(exact)];
  } catch {
    const lines = exact.split('\n').filter((line) => line.trim() !== '');
    if (lines.length < 2) throw new UnreadableEvidence('this is no JSON, or is cut off', 'line 1', WAY_OUT);
    return lines.map((line, index) => {
      try {
        return JSON.parse(line) as unknown;
      } catch {
        throw new UnreadableEvidence('this is no JSON document', `line ${index + 1}`, `the file is cut off or damaged; ${WAY_OUT}`);
      }
    });
  }
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const words = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

function readDocument(document: unknown, index: number, records: SpanRecord[]): void {
  if (!isObject(document)) throw new UnreadableEvidence('this is JSON, but no traces', `document ${index + 1}`, WAY_OUT);
  const wrapped = isObject(document['trace']) ? document['trace'] : isObject(document['result']) ? document['result'] : document;
  // Tempo calls them batches; Jaeger's v3 answers wrap OTLP in `result`.
  const resources = wrapped['resourceSpans'] ?? wrapped['batches'];
  if (Array.isArray(resources)) return readOtlp(resources, records);
  if (Array.isArray(document['data'])) return readJaeger(document['data'], records);
  throw new UnreadableEvidence('this is JSON, but neither OTLP nor Jaeger traces', `document ${index + 1}`, WAY_OUT);
}

interface Attributes {
  get(key: string): string;
}

function readOtlp(resources: unknown[], records: SpanRecord[]): void {
  resources.filter(isObject).forEach((resource, resourceIndex) => {
    const service =
      otlpAttributes(isObject(resource['resource']) ? resource['resource']['attributes'] : null).get('service.name') || 'unknown';
    const scopes = list(resource['scopeSpans'] ?? resource['instrumentationLibrarySpans']).filter(isObject);
    scopes.forEach((scope, scopeIndex) =>
      list(scope['spans'])
        .filter(isObject)
        .forEach((span, spanIndex) => {
          const place = `resourceSpans[${resourceIndex}].scopeSpans[${scopeIndex}].spans[${spanIndex}]`;
          const attributes = otlpAttributes(span['attributes']);
          const name = words(span['name']);
          const toldKind = words(span['kind']).replace('SPAN_KIND_', '').toLowerCase();
          const kind = kindOf(toldKind);
          const status = isObject(span['status']) ? span['status'] : {};
          const code = words(status['code']);
          const ids = { traceId: words(span['traceId']), spanId: words(span['spanId']), parentId: words(span['parentSpanId']) };
          if (ids.traceId === '' || ids.spanId === '') throw new UnreadableEvidence('a span without its ids', place, WAY_OUT);
          const [startSeconds, startNanos] = unixNanos(span['startTimeUnixNano'], `${place}.startTimeUnixNano`);
          const [endSeconds, endNanos] = unixNanos(span['endTimeUnixNano'], `${place}.endTimeUnixNano`);
          records.push({
            ...ids,
            // Base64 of Tempo and protobuf JSON ends a root's parent with no text or with zeros.
            parentId: /^[0A]*=*$/.test(ids.parentId) ? '' : ids.parentId,
            service,
            name,
            startSeconds,
            startNanos,
            endSeconds,
            endNanos,
            category: categoryOf(attributes, name, kind === 'client'),
            kind,
            asynchronous: toldKind === '5' || toldKind === 'consumer',
            ...endingOf(attributes, kind, code === '2' || code === 'STATUS_CODE_ERROR'),
          });
        }),
    );
  });
}

/** `SPAN_KIND_SERVER` is 2, `SPAN_KIND_CLIENT` 3. */
const kindOf = (told: string): Kind =>
  told === '3' || told === 'client' ? 'client' : told === '2' || told === 'server' ? 'server' : 'other';

/** Seconds and the nanoseconds in them, read as digits. */
function unixNanos(value: unknown, place: string): [seconds: number, nanos: number] {
  const digits = words(value);
  if (!/^\d{1,20}$/.test(digits))
    throw new UnreadableEvidence(`${JSON.stringify(value) ?? 'nothing'} is no time in nanoseconds`, place, WAY_OUT);
  return [Number(digits.slice(0, -NANOS_DIGITS) || '0'), Number(digits.slice(-NANOS_DIGITS))];
}

function otlpAttributes(value: unknown): Attributes {
  const items = list(value).filter(isObject);
  return {
    get(key) {
      const found = items.find((item) => item['key'] === key)?.['value'];
      if (!isObject(found)) return '';
      return words(found['stringValue'] ?? found['intValue'] ?? found['boolValue'] ?? found['doubleValue']);
    },
  };
}

function readJaeger(data: unknown[], records: SpanRecord[]): void {
  data.filter(isObject).forEach((trace, traceIndex) => {
    const processes = isObject(trace['processes']) ? trace['processes'] : {};
    list(trace['spans'])
      .filter(isObject)
      .forEach((span, spanIndex) => {
        const place = `data[${traceIndex}].spans[${spanIndex}]`;
        const attributes = jaegerTags(span['tags']);
        const name = words(span['operationName']);
        const toldKind = attributes.get('span.kind');
        const kind = kindOf(toldKind);
        const process = processes[words(span['processID'])];
        const references = list(span['references']).filter(isObject);
        const parent = references.find(({ refType }) => refType === 'CHILD_OF') ?? references[0];
        const [start, duration] = [span['startTime'], span['duration']];
        if (typeof start !== 'number' || typeof duration !== 'number' || !(start >= 0) || !(duration >= 0))
          throw new UnreadableEvidence('a span needs startTime and duration in microseconds, neither below 0', place, WAY_OUT);
        const end = start + duration;
        records.push({
          traceId: words(span['traceID']),
          spanId: words(span['spanID']),
          parentId: parent ? words(parent['spanID']) : '',
          service: isObject(process) ? words(process['serviceName']) : 'unknown',
          name,
          startSeconds: Math.floor(start / 1e6),
          startNanos: Math.round((start % 1e6) * 1e3),
          endSeconds: Math.floor(end / 1e6),
          endNanos: Math.round((end % 1e6) * 1e3),
          category: categoryOf(attributes, name, kind === 'client'),
          kind,
          asynchronous: toldKind === 'consumer' || parent?.['refType'] === 'FOLLOWS_FROM',
          ...endingOf(attributes, kind, attributes.get('error') === 'true' || attributes.get('otel.status_code') === 'ERROR'),
        });
      });
  });
}

function jaegerTags(value: unknown): Attributes {
  const items = list(value).filter(isObject);
  return { get: (key) => words(items.find((item) => item['key'] === key)?.['value']) };
}

/** By OpenTelemetry's semantic conventions, old names and new. */
function categoryOf(attributes: Attributes, name: string, isClient: boolean): Category {
  if (/^(?:\w*pool[ .])?acquire\b/i.test(name)) return 'pool';
  if (/^(dns|dial|connect)\b|\.connect$|^redis\.dial/i.test(name)) return 'dial';
  const database = attributes.get('db.system') || attributes.get('db.system.name');
  if (database === 'redis') return 'redis';
  if (database !== '') return 'database';
  if (isClient && (attributes.get('rpc.system') || attributes.get('rpc.system.name')) !== '') return 'grpc';
  if (attributes.get('messaging.system') !== '') return 'messaging';
  if (isClient && (attributes.get('http.request.method') || attributes.get('http.method')) !== '') return 'http';
  return 'own code';
}
