// Reads traces in three formats: OTLP JSON, Jaeger JSON (file or response), and Tempo's responses, which wrap OTLP.
import { UnreadableEvidence } from '../analysis.ts';
import { gunzipBounded } from '../bytes/gunzip.ts';
import { columnsOf, type Category, type Kind, type SpanRecord, type Spans } from './spans.ts';
import { endingOf } from './status.ts';

const HINT = 'use OTLP JSON, a response of Jaeger’s /api/traces, or of Tempo’s /api/traces/ID';
/** Unquoted numbers of 16 digits and more, which JSON.parse would round. */
const UNQUOTED_NANOS = /("(?:start|end)TimeUnixNano"\s*:\s*)(\d{16,})/g;
const NANOS_DIGITS = 9;

/**
 * Peak memory is seven times this size: 700 MB for 96 MB (100,000 spans with a dozen attributes, 300,000 with few), 1.5 GB for 250 MB,
 * measured with Node 24. 2,000 traces of a load test have 20 MB.
 */
export const MAX_TRACES_BYTES = 96 * 1024 * 1024;

/** Reads traces, gzip or not. Throws UnreadableEvidence with the place of the error. */
export const readTraces = (bytes: Uint8Array): Spans & { duplicates: number } => columnsOf(readSpans(bytes));

/** The spans one by one, for callers that select among them (`entered.ts`). Throws like `readTraces`. */
export function readSpans(bytes: Uint8Array): SpanRecord[] {
  const text = new TextDecoder().decode(gunzipBounded(bytes, MAX_TRACES_BYTES));
  const records: SpanRecord[] = [];
  for (const [index, document] of documentsOf(text).entries()) readDocument(document, index, records);
  if (records.length === 0) throw new UnreadableEvidence('the file has no span', 'the whole file', HINT);
  return records;
}

/** One JSON document, or one per line as collectors write files. */
function documentsOf(text: string): unknown[] {
  const exact = text.replace(UNQUOTED_NANOS, '$1"$2"');
  try {
    return [JSON.parse(exact)];
  } catch {
    const lines = exact.split('\n').filter((line) => line.trim() !== '');
    if (lines.length < 2) throw new UnreadableEvidence('not JSON, or truncated', 'line 1', HINT);
    return lines.map((line, index) => {
      try {
        return JSON.parse(line) as unknown;
      } catch {
        throw new UnreadableEvidence('not a JSON document', `line ${index + 1}`, `the file is truncated or damaged; ${HINT}`);
      }
    });
  }
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

function readDocument(document: unknown, index: number, records: SpanRecord[]): void {
  if (!isObject(document)) throw new UnreadableEvidence('JSON, but not traces', `document ${index + 1}`, HINT);
  const wrapped = isObject(document['trace']) ? document['trace'] : isObject(document['result']) ? document['result'] : document;
  // Tempo names them batches; Jaeger's v3 responses wrap OTLP in `result`.
  const resources = wrapped['resourceSpans'] ?? wrapped['batches'];
  if (Array.isArray(resources)) return readOtlp(resources, records);
  if (Array.isArray(document['data'])) return readJaeger(document['data'], records);
  throw new UnreadableEvidence('JSON, but neither OTLP nor Jaeger traces', `document ${index + 1}`, HINT);
}

interface Attributes {
  get(key: string): string;
}

function readOtlp(resources: unknown[], records: SpanRecord[]): void {
  resources.filter(isObject).forEach((resource, resourceIndex) => {
    const origin = originOf(otlpAttributes(isObject(resource['resource']) ? resource['resource']['attributes'] : null));
    const scopes = list(resource['scopeSpans'] ?? resource['instrumentationLibrarySpans']).filter(isObject);
    scopes.forEach((scope, scopeIndex) =>
      list(scope['spans'])
        .filter(isObject)
        .forEach((span, spanIndex) => {
          const place = `resourceSpans[${resourceIndex}].scopeSpans[${scopeIndex}].spans[${spanIndex}]`;
          const attributes = otlpAttributes(span['attributes']);
          const name = textOf(span['name']);
          const kindText = textOf(span['kind']).replace('SPAN_KIND_', '').toLowerCase();
          const kind = kindOf(kindText);
          const status = isObject(span['status']) ? span['status'] : {};
          const code = textOf(status['code']);
          const ids = { traceId: hexId(span['traceId']), spanId: hexId(span['spanId']), parentId: hexId(span['parentSpanId']) };
          if (ids.traceId === '' || ids.spanId === '') throw new UnreadableEvidence('the span has no traceId or spanId', place, HINT);
          const [startSeconds, startNanos] = unixNanos(span['startTimeUnixNano'], `${place}.startTimeUnixNano`);
          const [endSeconds, endNanos] = unixNanos(span['endTimeUnixNano'], `${place}.endTimeUnixNano`);
          records.push({
            ...ids,
            ...origin,
            // The parent id of a root is empty, or zeros.
            parentId: /^0*$/.test(ids.parentId) ? '' : ids.parentId,
            name,
            startSeconds,
            startNanos,
            endSeconds,
            endNanos,
            category: categoryOf(attributes, name, kind === 'client'),
            kind,
            asynchronous: kindText === '5' || kindText === 'consumer',
            ...endingOf(attributes, kind, code === '2' || code === 'STATUS_CODE_ERROR'),
          });
        }),
    );
  });
}

/** Service, namespace and Deployment of a resource, by OpenTelemetry's semantic conventions. */
function originOf(resource: Attributes): Pick<SpanRecord, 'service' | 'namespace' | 'deployment'> {
  return {
    service: resource.get('service.name') || 'unknown',
    namespace: resource.get('k8s.namespace.name'),
    deployment: resource.get('k8s.deployment.name'),
  };
}

/** An id of 16 or 8 bytes. OTLP JSON has hex; Tempo has base64 like protobuf JSON, which ends with `=` for both lengths. */
function hexId(value: unknown): string {
  const id = textOf(value);
  if (!/^[\w+/-]{11}=$|^[\w+/-]{22}==$/.test(id)) return id;
  const bytes = atob(id.replaceAll('-', '+').replaceAll('_', '/'));
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

/** `SPAN_KIND_SERVER` is 2, `SPAN_KIND_CLIENT` 3. */
const kindOf = (text: string): Kind =>
  text === '3' || text === 'client' ? 'client' : text === '2' || text === 'server' ? 'server' : 'other';

/** Seconds and the nanoseconds in them, split as text. */
function unixNanos(value: unknown, place: string): [seconds: number, nanos: number] {
  const digits = textOf(value);
  if (!/^\d{1,20}$/.test(digits))
    throw new UnreadableEvidence(`${JSON.stringify(value) ?? 'nothing'} is not a timestamp in nanoseconds`, place, HINT);
  return [Number(digits.slice(0, -NANOS_DIGITS) || '0'), Number(digits.slice(-NANOS_DIGITS))];
}

function otlpAttributes(value: unknown): Attributes {
  const items = list(value).filter(isObject);
  return {
    get(key) {
      const found = items.find((item) => item['key'] === key)?.['value'];
      if (!isObject(found)) return '';
      return textOf(found['stringValue'] ?? found['intValue'] ?? found['boolValue'] ?? found['doubleValue']);
    },
  };
}

const NONE: Attributes = { get: () => '' };

function readJaeger(data: unknown[], records: SpanRecord[]): void {
  data.filter(isObject).forEach((trace, traceIndex) => {
    const processes = isObject(trace['processes']) ? trace['processes'] : {};
    const origins = new Map<string, ReturnType<typeof originOf>>();
    // A Jaeger process is OTLP's resource: its tags are the attributes, and the service name is beside them.
    const originOfProcess = (id: string): ReturnType<typeof originOf> => {
      const known = origins.get(id);
      if (known) return known;
      const process = processes[id];
      const origin = isObject(process)
        ? { ...originOf(jaegerTags(process['tags'])), service: textOf(process['serviceName']) }
        : originOf(NONE);
      origins.set(id, origin);
      return origin;
    };
    list(trace['spans'])
      .filter(isObject)
      .forEach((span, spanIndex) => {
        const place = `data[${traceIndex}].spans[${spanIndex}]`;
        const attributes = jaegerTags(span['tags']);
        const name = textOf(span['operationName']);
        const kindText = attributes.get('span.kind');
        const kind = kindOf(kindText);
        const origin = originOfProcess(textOf(span['processID']));
        const references = list(span['references']).filter(isObject);
        const parent = references.find(({ refType }) => refType === 'CHILD_OF') ?? references[0];
        const [start, duration] = [span['startTime'], span['duration']];
        if (typeof start !== 'number' || typeof duration !== 'number' || !(start >= 0) || !(duration >= 0))
          throw new UnreadableEvidence('startTime and duration must be microseconds, at least 0', place, HINT);
        const end = start + duration;
        records.push({
          traceId: textOf(span['traceID']),
          spanId: textOf(span['spanID']),
          parentId: parent ? textOf(parent['spanID']) : '',
          ...origin,
          name,
          startSeconds: Math.floor(start / 1e6),
          startNanos: Math.round((start % 1e6) * 1e3),
          endSeconds: Math.floor(end / 1e6),
          endNanos: Math.round((end % 1e6) * 1e3),
          category: categoryOf(attributes, name, kind === 'client'),
          kind,
          asynchronous: kindText === 'consumer' || parent?.['refType'] === 'FOLLOWS_FROM',
          ...endingOf(attributes, kind, attributes.get('error') === 'true' || attributes.get('otel.status_code') === 'ERROR'),
        });
      });
  });
}

function jaegerTags(value: unknown): Attributes {
  const items = list(value).filter(isObject);
  return { get: (key) => textOf(items.find((item) => item['key'] === key)?.['value']) };
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
