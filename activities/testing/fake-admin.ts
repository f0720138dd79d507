// One process of the shop in memory, as far as its switch and fault endpoints go. admin-port/endpoints.tool.test.ts compares it with the real handlers.
import { parseDuration } from './go-duration.ts';

export interface Answer {
  status: number;
  json: Record<string, unknown>;
}

interface Override {
  value: boolean;
  who: string;
  operation: string;
  untilMs: number | null;
  sinceMs: number;
}

interface Armed {
  parameter: string;
  operation: string;
}

/** A line of the audit of the switches, or of the log of the faults. */
export interface AuditLine {
  what: string;
  operation: string;
  result: 'changed' | 'refused' | 'ended';
}

/** Clock of the pods until a test moves it. */
export const POD_TIME_MS = Date.parse('2026-11-25T09:00:00Z');
const MAX_TTL_MS = 24 * 3_600_000;
const SWITCHES: Record<string, { value: boolean; readonly: boolean }> = {
  payment: { value: true, readonly: false },
  pricing: { value: true, readonly: false },
  'cache-only': { value: false, readonly: false },
  breakers: { value: true, readonly: true },
};
const FAULTS: Record<string, string> = { 'pricing-errors': '100', 'slow-order': '400ms' };

export class FakeAdmin {
  readonly audit: AuditLine[] = [];
  nowMs = POD_TIME_MS;
  private readonly overrides = new Map<string, Override>();
  private readonly changes = new Map<string, string>();
  private readonly armed = new Map<string, Armed>();
  private readonly operations = new Map<string, { who: string; ttlMs: number; faults: string; untilMs: number }>();
  private readonly began = this.nowMs;

  /** `path` with its query. */
  handle(method: string, path: string, body: string): Answer {
    this.expire();
    const url = new URL(path, 'http://pod');
    const [, , kind, name] = url.pathname.split('/');
    if (kind === 'switches' && name !== undefined) return this.onSwitch(method, decodeURIComponent(name), body);
    if (kind === 'faults' && name === undefined) return this.onFaults(method, url.searchParams.get('operation') ?? '', body);
    return { status: 404, json: {} };
  }

  private expire(): void {
    for (const [name, { untilMs, operation }] of this.overrides)
      if (untilMs !== null && untilMs <= this.nowMs) {
        this.overrides.delete(name);
        this.audit.push({ what: name, operation, result: 'ended' });
      }
    for (const [operation, { untilMs }] of this.operations) if (untilMs <= this.nowMs) this.disarm(operation);
  }

  private onSwitch(method: string, name: string, body: string): Answer {
    const definition = SWITCHES[name];
    if (method === 'GET') return definition ? { status: 200, json: this.state(name) } : refusal(404, 'unknown', name);
    const request = readJson(body, ['value', 'who', 'expected', 'ttl', 'operation', 'expectedOperation']);
    const invalid = invalidChange(request);
    if (!request || invalid !== null) return refusal(400, 'invalid', invalid ?? 'not JSON');
    const refused = this.refusedChange(name, request);
    const operation = text(request['operation']);
    if (refused) {
      this.audit.push({ what: name, operation, result: 'refused' });
      return refused;
    }
    if (operation !== '' && this.changes.has(operation)) return { status: 200, json: { switch: this.state(name), repeated: true } };
    if (operation !== '') this.changes.set(operation, changeOf(name, request));
    const ttlMs = parseDuration(request['ttl']);
    this.overrides.delete(name);
    if (request['value'] !== null)
      this.overrides.set(name, {
        value: request['value'] === true,
        who: text(request['who']),
        operation,
        untilMs: ttlMs === null ? null : this.nowMs + ttlMs,
        sinceMs: this.nowMs,
      });
    this.audit.push({ what: name, operation, result: 'changed' });
    return { status: 200, json: { switch: this.state(name) } };
  }

  private refusedChange(name: string, request: Record<string, unknown>): Answer | null {
    const definition = SWITCHES[name];
    if (!definition) return refusal(404, 'unknown', name);
    if (definition.readonly) return refusal(403, 'readonly', name);
    const known = this.changes.get(text(request['operation']));
    if (known !== undefined && known !== changeOf(name, request)) return refusal(409, 'operation-reused', name);
    if (known !== undefined) return null;
    const state = this.state(name);
    if (request['expected'] !== undefined && request['expected'] !== state['value']) return refusal(409, 'mismatch', name);
    if (request['expectedOperation'] !== undefined && request['expectedOperation'] !== (state['operation'] ?? ''))
      return refusal(409, 'mismatch', name);
    return null;
  }

  private state(name: string): Record<string, unknown> {
    const definition = SWITCHES[name];
    const override = this.overrides.get(name);
    return {
      name,
      about: name,
      value: override?.value ?? definition?.value,
      source: override ? 'api' : 'default',
      readonly: definition?.readonly,
      since: new Date(override?.sinceMs ?? this.began).toISOString(),
      ...(override ? { who: override.who } : {}),
      ...(override && override.operation !== '' ? { operation: override.operation } : {}),
      ...(override && override.untilMs !== null ? { until: new Date(override.untilMs).toISOString() } : {}),
    };
  }

  private onFaults(method: string, operation: string, body: string): Answer {
    if (method === 'GET') return this.view();
    if (method === 'DELETE') {
      if (operation === '') return refusal(400, 'invalid', 'operation');
      this.disarm(operation);
      return this.view();
    }
    const request = readJson(body, ['operation', 'who', 'ttl', 'faults']);
    if (!request) return refusal(400, 'invalid', 'not JSON');
    return this.arm(request);
  }

  private arm(request: Record<string, unknown>): Answer {
    const faults = request['faults'] as Record<string, string>;
    const [id, who, ttlMs] = [text(request['operation']), text(request['who']), parseDuration(request['ttl'])];
    if (
      !isNamed(id, 256) ||
      !isNamed(who, 128) ||
      ttlMs === null ||
      ttlMs <= 0 ||
      ttlMs > MAX_TTL_MS ||
      Object.keys(faults ?? {}).length === 0
    )
      return refusal(400, 'invalid', 'operation');
    const known = this.operations.get(id);
    if (known?.faults === '{}') return refusal(409, 'operation-ended', id);
    if (known) return known.faults === JSON.stringify(faults) && known.ttlMs === ttlMs ? this.view() : refusal(409, 'operation-reused', id);
    if (Object.keys(faults).some((name) => FAULTS[name] === undefined)) return refusal(400, 'invalid', 'unknown fault');
    if (Object.keys(faults).some((name) => this.armed.has(name))) return refusal(409, 'armed', id);
    this.operations.set(id, { who, ttlMs, faults: JSON.stringify(faults), untilMs: this.nowMs + ttlMs });
    for (const [name, parameter] of Object.entries(faults))
      this.armed.set(name, { parameter: parameter || (FAULTS[name] ?? ''), operation: id });
    this.audit.push({ what: Object.keys(faults).join(','), operation: id, result: 'changed' });
    return this.view();
  }

  private disarm(operation: string): void {
    if (!this.operations.has(operation)) this.operations.set(operation, { who: '', ttlMs: 0, faults: '{}', untilMs: Infinity });
    const own = [...this.armed].filter(([, armed]) => armed.operation === operation);
    for (const [name] of own) this.armed.delete(name);
    if (own.length > 0) this.audit.push({ what: own.map(([name]) => name).join(','), operation, result: 'ended' });
  }

  private view(): Answer {
    const owners = [...new Set([...this.armed.values()].map(({ operation }) => operation))].filter((id) => id !== '').sort();
    return {
      status: 200,
      json: {
        armed: Object.fromEntries([...this.armed].map(([name, { parameter }]) => [name, parameter])),
        operations: owners.map((operation) => ({
          operation,
          who: this.operations.get(operation)?.who,
          faults: Object.fromEntries(
            [...this.armed].filter(([, each]) => each.operation === operation).map(([name, { parameter }]) => [name, parameter]),
          ),
          until: new Date(this.operations.get(operation)?.untilMs ?? 0).toISOString(),
        })),
        known: FAULTS,
      },
    };
  }
}

const refusal = (status: number, reason: string, error: string): Answer => ({ status, json: { error, reason } });
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const isNamed = (value: string, maxBytes: number): boolean => value !== '' && value.length <= maxBytes;
/** What makes two requests with one operation id equal. */
const changeOf = (name: string, { value, expected, ttl, expectedOperation }: Record<string, unknown>): string =>
  JSON.stringify([name, value, expected ?? null, parseDuration(ttl), expectedOperation ?? null]);

/** Null for what is not one JSON object with only these fields. */
function readJson(body: string, fields: readonly string[]): Record<string, unknown> | null {
  try {
    const json = JSON.parse(body) as unknown;
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
    return Object.keys(json).every((field) => fields.includes(field)) ? (json as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function invalidChange(request: Record<string, unknown> | null): string | null {
  if (request === null) return 'body';
  const { value, who, ttl, operation = '', expected, expectedOperation } = request;
  if (typeof value !== 'boolean' && value !== null) return 'value';
  if (!isNamed(text(who), 128)) return 'who';
  if (typeof operation !== 'string' || operation.length > 256) return 'operation';
  if (expected !== undefined && typeof expected !== 'boolean') return 'expected';
  if (expectedOperation !== undefined && typeof expectedOperation !== 'string') return 'expectedOperation';
  if (ttl === undefined) return null;
  const ttlMs = parseDuration(ttl);
  return ttlMs === null || ttlMs <= 0 || ttlMs > MAX_TTL_MS || value === null ? 'ttl' : null;
}
