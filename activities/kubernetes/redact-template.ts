// What readers may see of a Deployment. A pod template holds credentials wherever people put them: in the values of environment variables, in
// arguments, in headers of probes, in annotations. So the shape stays, and of the text only what is listed here.
import { annotations, REVISION } from './objects.ts';

/** Fields whose text is a name and not a value of the service. A field that Kubernetes adds later is redacted until it stands here. */
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
/** Maps whose keys are anybody's and whose values Kubernetes itself reads. */
const SHOWN_MAPS = new Set(['labels', 'matchLabels', 'nodeSelector', 'limits', 'requests']);
/** Maps whose keys are anybody's and whose values are too. */
const HIDDEN_MAPS = new Set(['volumeAttributes', 'options', 'data', 'stringData']);
const SHOWN_ANNOTATIONS = new Set<string>([REVISION, ...Object.values(annotations)]);

/** A shorter text occurs in sentences by chance, and replacing it would make them unreadable. */
const MIN_REPLACED_CHARACTERS = 4;

export interface Redactor {
  /** JSON with the same keys, lists, numbers; text that is not listed becomes `(redacted 1)`, the same text the same number. */
  value<T>(json: T): T;
  /** A sentence of the cluster, without any text that was redacted before. */
  sentence(text: string): string;
}

/** One redactor per record: within it equal values stay equal, so that a comparison of two templates has the same result. */
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
    sentence: (text) =>
      [...known]
        .filter(([secret]) => secret.length >= MIN_REPLACED_CHARACTERS)
        // The longest first: one may be a part of another.
        .sort(([a], [b]) => b.length - a.length)
        .reduce((sentence, [secret, shown]) => sentence.replaceAll(secret, shown), text),
  };
}

const isShownField = (key: string): boolean => SHOWN_FIELDS.has(key);

/** What is shown of the map or object under a key. */
function shownWithin(key: string, outside: (key: string) => boolean): (key: string) => boolean {
  if (outside !== isShownField) return outside;
  if (key === 'annotations') return (name) => SHOWN_ANNOTATIONS.has(name);
  if (SHOWN_MAPS.has(key)) return () => true;
  return HIDDEN_MAPS.has(key) ? () => false : isShownField;
}
