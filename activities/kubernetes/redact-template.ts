// Redacts a Deployment for readers. Pod templates may contain credentials anywhere (environment variables, arguments, probe headers, annotations),
// so all text is redacted except the fields listed here.
import { annotations, REVISION } from './objects.ts';

/** Fields whose text is a name, not a value of the service. Unlisted fields are redacted. */
const SHOWN_FIELDS = new Set([
  'name',
  'image',
  'imagePullPolicy',
  'imageID',
  'protocol',
  'port',
  'containerPort',
  'targetPort',
  'mountPath',
  'restartPolicy',
  'serviceAccountName',
  'serviceAccount',
  'schedulerName',
  'dnsPolicy',
  'priorityClassName',
  'runtimeClassName',
  'nodeName',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'secretName',
  'claimName',
  'key',
  'fieldPath',
  'apiVersion',
  'resource',
  'divisor',
  'topologyKey',
  'whenUnsatisfiable',
  'operator',
  'effect',
  'medium',
  'sizeLimit',
  'cluster',
  'namespace',
  'deployment',
  'container',
]);
/** Maps with free keys whose values Kubernetes interprets. */
const SHOWN_MAPS = new Set(['labels', 'matchLabels', 'nodeSelector', 'limits', 'requests']);
/** Maps with free keys and free values. */
const HIDDEN_MAPS = new Set(['volumeAttributes', 'options', 'data', 'stringData']);
const SHOWN_ANNOTATIONS = new Set<string>([REVISION, ...Object.values(annotations)]);

/** Shorter text occurs in messages by chance: it is replaced between quotation marks only. */
const MIN_REPLACED_CHARACTERS = 4;
/** Part of a credential: long enough not to match a word by chance. */
const PART_CHARACTERS = 8;
/** The search takes time by the length of both texts, and heartbeats wait: longer messages are truncated. */
const MAX_MESSAGE_CHARACTERS = 4_000;
/** Longer text is a document (an applied manifest) and would match words of any message; its own values are redacted separately. */
const MAX_CUT_CHARACTERS = 256;

export interface Redactor {
  /** The same JSON with unlisted text replaced by `(redacted 1)`, equal text by the same number. */
  value<T>(json: T): T;
  /** A message of the cluster without text that was redacted before: verbatim, escaped, quoted, or truncated. */
  message(text: string): string;
}

/** One redactor per record: equal values stay equal, so templates can still be compared. */
export function createRedactor(): Redactor {
  const known = new Map<string, string>();
  const token = (text: string): string => {
    if (text === '') return text;
    const found = known.get(text) ?? `(redacted ${known.size + 1})`;
    known.set(text, found);
    return found;
  };

  function redact(json: unknown, shown: (key: string) => boolean): unknown {
    if (Array.isArray(json)) return json.map((each) => (typeof each === 'string' ? token(each) : redact(each, shown)));
    if (typeof json !== 'object' || json === null) return json;
    return Object.fromEntries(
      Object.entries(json).map(([key, value]) => [
        key,
        typeof value === 'string' ? (shown(key) ? value : token(value)) : redact(value, shownWithin(key, shown)),
      ]),
    );
  }

  return {
    value: <T>(json: T) => redact(json, isShownField) as T,
    message: (text) =>
      [...known]
        .flatMap(([secret, shown]) => formsOf(secret).map((form) => [form, shown] as const))
        // The longest first: one may contain another.
        .sort(([a], [b]) => b.length - a.length)
        .reduce((message, [form, shown]) => withoutParts(withoutWhole(message, form, shown), form, shown), text),
  };
}

/** Spellings of a value in messages: verbatim, JSON, Go's encoding/json (HTML escapes), and Go's %q (escapes unprintable characters). */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const goJson = json.replaceAll(/[<>&\u2028\u2029]/gu, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const quoted = json
    .replaceAll(String.raw`\u0007`, String.raw`\a`)
    .replaceAll(String.raw`\u000b`, String.raw`\v`)
    .replaceAll(/\\u00([01][0-9a-f])/gu, String.raw`\x$1`)
    .replaceAll('\u007f', String.raw`\x7f`);
  return [...new Set([secret, json, goJson, quoted])];
}

function withoutWhole(message: string, form: string, shown: string): string {
  return form.length >= MIN_REPLACED_CHARACTERS ? message.replaceAll(form, shown) : message.replaceAll(`"${form}"`, `"${shown}"`);
}

/** Replaces parts of a truncated value: every common substring that is long enough. */
function withoutParts(message: string, form: string, shown: string): string {
  if (form.length > MAX_CUT_CHARACTERS) return message;
  let rest = message;
  for (let at = 0; at + PART_CHARACTERS <= form.length; at += 1) {
    let end = at + PART_CHARACTERS;
    if (!rest.includes(form.slice(at, end))) continue;
    while (end < form.length && rest.includes(form.slice(at, end + 1))) end += 1;
    rest = rest.replaceAll(form.slice(at, end), shown);
  }
  return rest;
}

/** Redacts values of a Deployment in a failure's message, which goes to history, audit and notifications. */
export function withoutValues(error: unknown, seen: readonly unknown[]): unknown {
  if (!(error instanceof Error)) return error;
  const redactor = createRedactor();
  for (const each of seen) redactor.value(each);
  error.message = redactor.message(error.message.slice(0, MAX_MESSAGE_CHARACTERS));
  return error;
}

const isShownField = (key: string): boolean => SHOWN_FIELDS.has(key);

/** The rule for the map or object under a key. */
function shownWithin(key: string, outside: (key: string) => boolean): (key: string) => boolean {
  if (outside !== isShownField) return outside;
  if (key === 'annotations') return (name) => SHOWN_ANNOTATIONS.has(name);
  if (SHOWN_MAPS.has(key)) return () => true;
  return HIDDEN_MAPS.has(key) ? () => false : isShownField;
}
