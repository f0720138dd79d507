// Field types of the files, each with its error messages, and with description and pattern for editors.
import { z } from 'zod';
import { DURATION_PATTERN, readDuration } from './duration.ts';
import { LAUNCH_TIME_PATTERN, readLaunchTime } from './launch-time.ts';
import { OFFSET_PATTERN, readOffset } from './offset.ts';
import { SHARE_PATTERN, readShare } from './share.ts';
import { explainImage } from './image.ts';

/** Longest Kubernetes label value; names become label values, queue names and parts of addresses. */
const MAX_NAME_LENGTH = 63;
const MAX_PATH_LENGTH = 1_024;
export const LABEL_PATTERN = '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$';
export const SUBDOMAIN_PATTERN = String.raw`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`;

/** Default in words, for the reference, if it is not a fixed value. */
interface Extra {
  defaultText?: string;
}

/** Text that `explain` accepts with null or refuses with a message. */
function checkedText(description: string, pattern: string | undefined, explain: (text: string) => string | null, extra: Extra = {}) {
  return z
    .string({
      error: ({ input }) => (typeof input === 'number' ? (explain(String(input)) ?? `${input} is a number; put it in quotes`) : undefined),
    })
    .superRefine((text, context) => {
      const reason = explain(text);
      if (reason !== null) context.addIssue({ code: 'custom', message: reason });
    })
    .meta({ description, ...(pattern === undefined ? {} : { pattern }), ...extra });
}

/** A duration such as `90s`; above zero unless `zero` is set. */
export function duration(description: string, { zero = false, ...extra }: { zero?: boolean } & Extra = {}) {
  const explain = (text: string): string | null => {
    const reading = readDuration(text);
    if (!reading.ok) return reading.reason;
    return reading.ms > 0 || zero ? null : `"${text}" is zero; write a duration above zero such as 30s`;
  };
  return checkedText(description, DURATION_PATTERN, explain, extra);
}

/** A share such as `0.1%`. */
export function share(description: string) {
  return checkedText(description, SHARE_PATTERN, (text) => {
    const reading = readShare(text);
    return reading.ok ? null : reading.reason;
  });
}

/** A time before launch such as `T-72h`. */
export function offset(description: string) {
  return checkedText(description, OFFSET_PATTERN, (text) => {
    const reading = readOffset(text);
    return reading.ok ? null : reading.reason;
  });
}

/** An RFC 3339 timestamp with a time zone. */
export function timestamp(description: string) {
  return checkedText(description, LAUNCH_TIME_PATTERN, (text) => {
    const reading = readLaunchTime(text);
    return reading.ok ? null : reading.reason;
  });
}

/** A container image with a fixed tag or digest. */
export function image(description: string) {
  return checkedText(description, undefined, explainImage);
}

/** A DNS-1123 label: valid as a Kubernetes namespace or container name, and in queue names and ids. */
export function label(description: string, extra: Extra = {}) {
  return checkedText(description, LABEL_PATTERN, (text) => explainName(text, LABEL_PATTERN, 'small letters, digits and hyphens'), extra);
}

/** A DNS-1123 subdomain: a label that may have dots, as in `go-api-1.4.0`. */
export function dottedName(description: string, extra: Extra = {}) {
  return checkedText(
    description,
    SUBDOMAIN_PATTERN,
    (text) => explainName(text, SUBDOMAIN_PATTERN, 'small letters, digits, hyphens and dots'),
    extra,
  );
}

/** Any text that is not blank: a path, a group name. */
export function text(description: string, extra: Extra = {}) {
  return checkedText(
    description,
    undefined,
    (value) => {
      if (value.trim() === '') return 'this is empty; give it a value';
      return value.length > MAX_PATH_LENGTH ? `this is longer than ${MAX_PATH_LENGTH} characters` : null;
    },
    extra,
  );
}

/** Text that matches a pattern; `message` refuses any other with an example. */
export function formedText(description: string, pattern: string, message: string) {
  return checkedText(description, pattern, (value) => (new RegExp(pattern).test(value) ? null : message));
}

/**
 * Printable ASCII after one slash, without another slash or any backslash: a URL parser reads `\\` as `/` and drops tabs and newlines, so that
 * `/\\h/x` and `/<tab>/h/x` name the host h as `//h/x` does.
 */
const URL_PATH_PATTERN = String.raw`^/(?!/)[!"$-\[\]-~]*$`;

/** The path of a URL with an optional query. It never contains a host. */
export function urlPath(description: string) {
  return formedText(
    description,
    URL_PATH_PATTERN,
    'this is not a path on the host of its target; start it with exactly one "/" and use no spaces, backslashes or "#", such as /healthz',
  );
}

/** A whole number from `min` to `max`. */
export function count(description: string, min: number, max: number) {
  return z.int().min(min).max(max).meta({ description });
}

function explainName(text: string, pattern: string, allowed: string): string | null {
  if (text.length > MAX_NAME_LENGTH) return `this name has ${text.length} characters; the maximum is ${MAX_NAME_LENGTH}`;
  if (text === '') return 'this name is empty; give it a value';
  return new RegExp(pattern).test(text)
    ? null
    : `"${text}" cannot be used as a name; use ${allowed}, and start and end with a letter or digit`;
}
