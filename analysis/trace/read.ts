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
export const LARGEST_TRACES_BYTES = 96 * 1024 * 1024;

/** Reads traces, gzip or not. Throws UnreadableEvidence with the place at which they stop being that. */
export const readTraces = (bytes: Uint8Array): Spans & { doubled: number } => columnsOf(readSpans(bytes));

/** The spans of traces one by one, for those who choose among them first (`entered.ts`). Throws alike. */
export function readSpans(bytes: Uint8Array): SpanRecord[] {
  const text = new TextDecoder().decode(gunzipBounded(bytes, LARGEST_TRACES_BYTES));
  const records: SpanRecord[] = [];
  for (const [index, document] of documentsOf(text).entries()) readDocument(document, index, records);
  if (records.length === 0) throw new UnreadableEvidence('there is no span in it', 'the whole file', WAY_OUT);
  return records;
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
    const made = placeOf(otlpAttributes(isObject(resource['resource']) ? resource['resource']['attributes'] : null));
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
          const ids = { traceId: hexId(span['traceId']), spanId: hexId(span['spanId']), parentId: hexId(span['parentSpanId']) };
          if (ids.traceId === '' || ids.spanId === '') throw new UnreadableEvidence('a span without its ids', place, WAY_OUT);
          const [startSeconds, startNanos] = unixNanos(span['startTimeUnixNano'], `${place}.startTimeUnixNano`);
          const [endSeconds, endNanos] = unixNanos(span['endTimeUnixNano'], `${place}.endTimeUnixNano`);
          records.push({
            ...ids,
            ...made,
            // A root's parent is no text, or zeros.
            parentId: /^0*$/.test(ids.parentId) ? '' : ids.parentId,
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

/** Where a resource makes its spans, by OpenTelemetry's semantic conventions. */
function placeOf(resource: Attributes): Pick<SpanRecord, 'service' | 'namespace' | 'deployment'> {
  return {
    service: resource.get('service.name') || 'unknown',
    namespace: resource.get('k8s.namespace.name'),
    deployment: resource.get('k8s.deployment.name'),
  };
}

/** An id of 16 or 8 bytes. OTLP JSON says them in hex, Tempo as protobuf JSON does: in base64, which ends with `=` for both lengths. */
function hexId(value: unknown): string {
  const id = words(value);
  if (!/^[\w+/-]{11}=$|^[\w+/-]{22}==$/.test(id)) return id;
  const bytes = atob(id.replaceAll('-', '+').replaceAll('_', '/'));
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
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

const NONE: Attributes = { get: () => '' };

function readJaeger(data: unknown[], records: SpanRecord[]): void {
  data.filter(isObject).forEach((trace, traceIndex) => {
    const processes = isObject(trace['processes']) ? trace['processes'] : {};
    const places = new Map<string, ReturnType<typeof placeOf>>();
    // The resource of OTLP is a process here, and its attributes the tags of the process; the service's name stands beside them.
    const placeOfProcess = (id: string): ReturnType<typeof placeOf> => {
      const known = places.get(id);
      if (known) return known;
      const process = processes[id];
      const place = isObject(process) ? { ...placeOf(jaegerTags(process['tags'])), service: words(process['serviceName']) } : placeOf(NONE);
      places.set(id, place);
      return place;
    };
    list(trace['spans'])
      .filter(isObject)
      .forEach((span, spanIndex) => {
        const place = `data[${traceIndex}].spans[${spanIndex}]`;
        const attributes = jaegerTags(span['tags']);
        const name = words(span['operationName']);
        const toldKind = attributes.get('span.kind');
        const kind = kindOf(toldKind);
        const made = placeOfProcess(words(span['processID']));
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
          ...made,
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
